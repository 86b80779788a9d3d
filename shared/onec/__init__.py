"""1С:Бухгалтерия предприятия 3.0 through its standard OData interface.

``connector`` the order of things; ``counterparties``, ``items``, ``classifiers`` find or create what a document needs;
``mapping``, ``cards``, ``identity`` are pure: what is written, and by which numbers a customer is matched; ``names``
what must be published; ``client``, ``answers``, ``odata`` are the protocol.
"""
