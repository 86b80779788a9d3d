"""Azure Service Bus queues on loopback, for the unmodified SDKs.

Start it as a command; the first line says where it is, SIGTERM stops it:

    python -m infra.local serve servicebus --port 5672 --state bus.sqlite
    {"service": "servicebus", "connection_string": "Endpoint=sb://localhost:5672;…;UseDevelopmentEmulator=true;"}

Settings (``--set NAME=VALUE``): ``config``, a file in the format of Microsoft's emulator (default: ``Config.json``
beside this, with the app's queues); ``key``, the shared access key; ``max_message_bytes`` (262144, as in the standard
tier). In a program: ``running = await server.start(ServeOptions(...))``, ``running.connection_string``,
``await running.close()``. Failures are told over HTTP on the same port, see ``faults``.

From a client's bytes to a queue: ``doorway`` → ``connection`` (one client) → ``senders``, ``receivers``, ``requests``
(the ends of links) → ``broker`` (turns of commit, acknowledgement and delivery) → ``queues`` (what a queue is, without
input or output) → ``store`` (what survives a kill). ``codec`` and ``messages`` read and write the bytes of messages.

Unlike Azure: topics, transactions, partitions, auto-forwarding and the administration client are not there; a client
that asks for them is refused. A token is checked when it is put, and not again when it has expired.
"""
