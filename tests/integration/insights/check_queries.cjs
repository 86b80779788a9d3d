// Parses KQL queries with Microsoft's own language service and checks them against a schema.
// node check_queries.cjs PACKAGE_FOLDER < {"schema": {table: {column: type}}, "queries": {name: text}} > {name: [problem]}
const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");

const folder = path.join(process.argv[2], "node_modules", "@kusto", "language-service-next");
for (const file of ["bridge.min.js", "Kusto.Language.Bridge.min.js"]) {
  vm.runInThisContext(fs.readFileSync(path.join(folder, file), "utf8"), { filename: file });
}
const { schema, queries } = JSON.parse(fs.readFileSync(0, "utf8"));
const tables = Object.entries(schema)
  .map(([table, columns]) => {
    const declared = Object.entries(columns).map(([name, type]) => `${name}: ${type}`);
    return Kusto.Language.Symbols.TableSymbol.From(`(${declared.join(", ")})`).WithName(table);
  });
const database = new Kusto.Language.Symbols.DatabaseSymbol.$ctor3("insights", null, tables, false);
const globals = Kusto.Language.GlobalState.Default.WithDatabase(database);
const problems = {};
for (const [name, text] of Object.entries(queries)) {
  const code = Kusto.Language.KustoCode.ParseAndAnalyze(text, globals);
  const found = code.GetDiagnostics();
  problems[name] = [];
  for (let index = 0; index < found.Count; index += 1) {
    problems[name].push(found.getItem(index).Message);
  }
}
process.stdout.write(JSON.stringify(problems));
