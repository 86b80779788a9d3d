"""Files that an accountant imports by hand (ways 1A and 1B): the same documents as the automatic ways.

``asking`` reads what is asked for, ``choosing`` decides about each document, ``enterprise_data`` and ``dtw`` write what
the accounting system imports, ``parcel`` packs it, ``handing_out`` does it all, ``container`` takes it to a blob.
"""
