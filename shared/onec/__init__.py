"""1С:Бухгалтерия предприятия 3.0 through its standard OData interface.

``connector`` the door; ``exporter`` the documents of one sale, one after the other; ``writer`` one document, made,
recognised, rewritten, posted or taken back; ``obstacles`` what stands against that. ``resolving``, ``counterparties``,
``items``, ``classifiers`` find or create what a document refers to. Pure: ``kinds`` which documents a sale becomes,
``mapping`` its amounts, ``bodies`` and ``cards`` what is written, ``held`` what is read of a document that stands,
``identity`` by which numbers a customer is matched. ``names`` and ``published`` say what a base must publish;
``client``, ``answers``, ``odata`` are the protocol.
"""
