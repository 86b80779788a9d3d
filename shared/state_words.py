"""Where a document stands, in the words that people read in the CRM, on the pages and in files."""

from shared.messages import State
from shared.refusals import Language

RUSSIAN = {
    State.WAITING: "Ожидает",
    State.PAUSED: "Приостановлено",
    State.BEFORE_START: "До даты начала",
    State.EXPORTED: "Выгружено",
    State.POSTED: "Проведено",
    State.REFUSED: "Отказано",
    State.RETRYING: "Повторяется",
    State.CANCELLED: "Отменено",
    State.PAID: "Оплачено",
    State.PARTIALLY_PAID: "Частично оплачено",
    State.BOUND: "Сопоставлено",
    State.DRAFT: "Черновик на утверждении",
    State.SETTLED: "Закрыто без оплаты",
}


def state_word(language: Language, state: State) -> str:
    """Say where a document stands, as the CRM calls it."""
    return RUSSIAN[state] if language == "ru" else state.value
