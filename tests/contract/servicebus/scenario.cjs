// What Microsoft's JavaScript SDK does with a namespace, told as one JSON object on stdout.
// Usage: node scenario.cjs MODULE CONNECTION_STRING - queues: plain, sessions, unique (see test_javascript_sdk.py).
const { ServiceBusClient } = require(process.argv[2]);
const Long = require(require("path").join(process.argv[2], "../../long"));

const connectionString = process.argv[3];
const client = new ServiceBusClient(connectionString, { retryOptions: { maxRetries: 0 } });
const told = {};

async function refusal(work) {
  try {
    await work();
    return "not refused";
  } catch (error) {
    return error.code ?? error.name;
  }
}

async function plain() {
  const sender = client.createSender("plain");
  const receiver = client.createReceiver("plain");
  await sender.sendMessages({ body: { number: "INV-1" }, messageId: "m1", subject: "invoice", applicationProperties: { n: 7 } });
  let [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 5000 });
  told.first = {
    body: message.body,
    messageId: message.messageId,
    subject: message.subject,
    properties: message.applicationProperties,
    deliveryCount: message.deliveryCount,
    locked: message.lockedUntilUtc > new Date(),
    state: message.state,
  };
  await receiver.renewMessageLock(message);
  await receiver.abandonMessage(message, { seen: "once" });
  [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 5000 });
  told.abandoned = { deliveryCount: message.deliveryCount, properties: message.applicationProperties };
  await receiver.deferMessage(message);
  const [deferred] = await receiver.receiveDeferredMessages(message.sequenceNumber);
  told.deferred = deferred.messageId;
  await receiver.deadLetterMessage(deferred, { deadLetterReason: "Unreadable", deadLetterErrorDescription: "no number" });
  const graves = client.createReceiver("plain", { subQueueType: "deadLetter", receiveMode: "receiveAndDelete" });
  const [dead] = await graves.receiveMessages(1, { maxWaitTimeInMs: 5000 });
  told.dead = { reason: dead.deadLetterReason, description: dead.deadLetterErrorDescription, messageId: dead.messageId };
  await graves.close();

  const batch = await sender.createMessageBatch();
  for (let i = 0; i < 25; i++) batch.tryAddMessage({ body: i, messageId: `b${i}` });
  await sender.sendMessages(batch);
  await sender.sendMessages([{ body: "a" }, { body: "b" }]);
  told.peeked = (await receiver.peekMessages(50)).map((one) => one.body);
  const bodies = [];
  while (bodies.length < 27) {
    for (const one of await receiver.receiveMessages(10, { maxWaitTimeInMs: 5000 })) {
      bodies.push(one.body);
      await receiver.completeMessage(one);
    }
  }
  told.batch = bodies;
  told.empty = (await receiver.receiveMessages(1, { maxWaitTimeInMs: 300 })).length;

  const [number] = await sender.scheduleMessages({ body: "later" }, new Date(Date.now() + 3600_000));
  told.scheduled = (await receiver.peekMessages(5, { fromSequenceNumber: Long.fromNumber(1) })).map((one) => [one.body, one.state]);
  await sender.cancelScheduledMessages(number);
  told.cancelled = (await receiver.peekMessages(5, { fromSequenceNumber: Long.fromNumber(1) })).length;

  told.subscribed = await new Promise((resolve, reject) => {
    const streaming = client.createReceiver("plain");
    const seen = [];
    streaming.subscribe({
      processMessage: async (one) => {
        seen.push(one.body);
        if (seen.length === 3) setImmediate(() => streaming.close().then(() => resolve(seen), reject));
      },
      processError: async ({ error }) => reject(error),
    });
    sender.sendMessages([{ body: 1 }, { body: 2 }, { body: 3 }]).catch(reject);
  });
  await sender.close();
  await receiver.close();
}

async function sessions() {
  const sender = client.createSender("sessions");
  await sender.sendMessages(["a1", "b1", "a2"].map((body) => ({ body, sessionId: body[0] })));
  told.withoutSession = await refusal(() => sender.sendMessages({ body: "x" }));
  const lanes = {};
  for (let i = 0; i < 2; i++) {
    const receiver = await client.acceptNextSession("sessions");
    await receiver.setSessionState({ seen: receiver.sessionId });
    await receiver.renewSessionLock();
    const messages = await receiver.receiveMessages(5, { maxWaitTimeInMs: 1000 });
    lanes[receiver.sessionId] = { bodies: messages.map((one) => one.body), state: await receiver.getSessionState() };
    if (i === 0) told.taken = await refusal(() => client.acceptSession("sessions", receiver.sessionId));
    for (const one of messages) await receiver.completeMessage(one);
    await receiver.close();
  }
  told.lanes = lanes;
  const again = await client.acceptSession("sessions", "a");
  told.stateLater = await again.getSessionState();
  await again.setSessionState(null);
  await again.close();
  await sender.close();
}

async function unique() {
  const sender = client.createSender("unique");
  const receiver = client.createReceiver("unique", { receiveMode: "receiveAndDelete" });
  for (const body of [1, 2]) await sender.sendMessages({ body, messageId: "same" });
  await sender.sendMessages({ body: 3, messageId: "other" });
  told.unique = (await receiver.receiveMessages(5, { maxWaitTimeInMs: 1000 })).map((one) => one.body);
  await sender.close();
  await receiver.close();
}

async function refusals() {
  told.unknown = await refusal(() => client.createSender("nowhere").sendMessages({ body: 1 }));
  told.noSession = await refusal(() => client.createReceiver("sessions").receiveMessages(1, { maxWaitTimeInMs: 500 }));
  told.notSessions = await refusal(() => client.acceptSession("plain", "a"));
  told.tooLarge = await refusal(() => client.createSender("plain").sendMessages({ body: "x".repeat(300_000) }));
  const stranger = new ServiceBusClient(connectionString.replace(/SharedAccessKey=[^;]*/, "SharedAccessKey=wrong"), {
    retryOptions: { maxRetries: 0 },
  });
  told.wrongKey = await refusal(() => stranger.createSender("plain").sendMessages({ body: 1 }));
  await stranger.close();
}

(async () => {
  try {
    await plain();
    await sessions();
    await unique();
    await refusals();
    await client.close();
  } catch (error) {
    told.error = String(error.stack);
  }
  process.stdout.write(JSON.stringify(told), () => process.exit(told.error ? 1 : 0));
})();
