"""After a restore of the CRM: which documents of the bridge accounting holds that the CRM or its journal lost."""
