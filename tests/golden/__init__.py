"""Golden cases, to be read by an accountant: rows of the CRM in, the documents of both accounting systems out."""
