// What a program would do with dynamics-web-api; prints one JSON object with what it saw.
// Arguments: folder of the package, address of the server, token, invoice id.
import { createRequire } from "node:module";

const [folder, serverUrl, token, invoiceid] = process.argv.slice(2);
const { DynamicsWebApi } = createRequire(`${folder}/`)("dynamics-web-api");
const api = new DynamicsWebApi({ serverUrl, dataApi: { version: "9.2" }, onTokenRefresh: async () => token });
const nobody = new DynamicsWebApi({ serverUrl, dataApi: { version: "9.2" }, onTokenRefresh: async () => "none" });

async function refusal(action) {
  try {
    await action();
    return null;
  } catch (error) {
    return { status: error.status, code: error.code, message: error.message };
  }
}

const seen = {};
seen.who = await api.callFunction("WhoAmI");

const created = await api.create({ collection: "accounts", data: { name: "One", telephone1: "1" }, returnRepresentation: true });
const accountid = created.accountid;
seen.created = { name: created.name, etag: created["@odata.etag"] };
const second = await api.create({ collection: "accounts", data: { name: "Two" } });
seen.secondIsAnId = /^[0-9a-f-]{36}$/.test(second);

seen.selected = await api.retrieve({ collection: "accounts", key: accountid, select: ["name", "telephone1"] });
seen.filtered = (await api.retrieveMultiple({ collection: "accounts", select: ["name"], filter: "name eq 'two'" })).value;
seen.formatted = (
  await api.retrieve({ collection: "accounts", key: accountid, select: ["statecode"], includeAnnotations: "*" })
)["statecode@OData.Community.Display.V1.FormattedValue"];

seen.expanded = await api.retrieve({
  collection: "invoices",
  key: invoiceid,
  select: ["name", "totalamount"],
  expand: [
    { property: "invoice_details", select: ["quantity"], expand: [{ property: "productid", select: ["name"] }] },
    { property: "customerid_account", select: ["name"] },
  ],
});

const names = [];
for (let page = await api.retrieveMultiple({ collection: "accounts", select: ["name"], orderBy: ["name"], maxPageSize: 1 }); ; ) {
  names.push(...page.value.map((row) => row.name));
  if (!page["@odata.nextLink"]) break;
  page = await api.retrieveMultiple({ collection: "accounts", maxPageSize: 1 }, page["@odata.nextLink"]);
}
seen.paged = names;

const first = await api.retrieveMultiple({ collection: "accounts", select: ["name"], trackChanges: true });
seen.trackedAtFirst = first.value.length;

const etag = seen.selected["@odata.etag"];
await api.update({ collection: "accounts", key: accountid, data: { telephone1: "2" }, ifmatch: etag });
seen.stale = await refusal(async () => {
  const done = await api.update({ collection: "accounts", key: accountid, data: { telephone1: "3" }, ifmatch: etag });
  if (done === false) throw { status: 412, code: "returned false" };
});
await api.deleteRecord({ collection: "accounts", key: second });
seen.delta = (await api.retrieveMultiple({ collection: "accounts" }, first["@odata.deltaLink"])).value;

const key = "acx_key='A-1'";
await api.upsert({ collection: "acx_accountingexports", key, data: { acx_attempts: 1 } });
await api.upsert({ collection: "acx_accountingexports", key, data: { acx_attempts: 2 } });
seen.upserted = (await api.retrieveMultiple({ collection: "acx_accountingexports", select: ["acx_key", "acx_attempts"] })).value;

api.startBatch();
api.create({ collection: "acx_accountingexports", data: { acx_key: "B-1" } });
api.update({ collection: "acx_accountingexports", key, data: { acx_attempts: 3 } });
api.retrieve({ collection: "acx_accountingexports", key, select: ["acx_key"] });
const batch = await api.executeBatch({ inChangeset: false });
seen.batch = batch.length;
seen.batchRead = batch[2].acx_key;

seen.unknownColumn = await refusal(() => api.retrieveMultiple({ collection: "invoices", select: ["taxnumber"] }));
seen.filteredTracking = await refusal(() =>
  api.retrieveMultiple({ collection: "accounts", select: ["name"], filter: "statecode eq 0", trackChanges: true }),
);
seen.noToken = await refusal(() => nobody.callFunction("WhoAmI"));

console.log(JSON.stringify(seen));
