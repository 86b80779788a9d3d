"""Each sentence of the catalogue, reached through the product's own code: rows or documents in, a refusal out."""
