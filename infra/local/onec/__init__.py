"""A server that behaves like the standard OData interface of 1С:Бухгалтерия предприятия 3.0, for what the product uses.

``schema`` what the base consists of (data in ``schema/``); ``base`` what a fresh one contains; ``store`` keeps it;
``values``, ``filters``, ``query`` read; ``writing``, ``rules``, ``posting`` write as the configuration does;
``metadata`` describes it; ``sessions`` and ``server`` are the protocol; ``local`` is the back door for tests.
"""
