"""What the product needs in a company of SAP Business One, and the set-up that puts it there."""
