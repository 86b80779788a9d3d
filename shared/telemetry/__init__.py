"""What the bridge says of itself: lines, spans and measures, with ids and states, never a secret or personal data.

A step opens a hop for its messages, a client opens a call for each request; both are recorded in the trace of the
document that they are about. Nothing here waits for the network, and nothing here fails an invocation: what is recorded
goes to a bounded outbox, from which a thread of its own sends it (:mod:`shared.telemetry.outbox`).
"""

from shared.telemetry.invocations import invocation, problems
from shared.telemetry.recorder import call, count, hop, observe, say, sent
from shared.telemetry.trace import here, onward, traceparent

__all__ = ["call", "count", "here", "hop", "invocation", "observe", "onward", "problems", "say", "sent", "traceparent"]
