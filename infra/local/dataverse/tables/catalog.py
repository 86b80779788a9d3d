"""Currencies, units, price lists and products (table reference of Dynamics 365)."""

TRANSACTIONCURRENCY = """
table transactioncurrency transactioncurrencies TransactionCurrency key=transactioncurrencyid name=currencyname \
owned=organization
String 100 req: currencyname
String 10 req: currencysymbol
String 5 req create: isocurrencycode
Integer 0 4 req: currencyprecision
Decimal 10 0.0000000001 100000000000 req: exchangerate
Guid ro: entityimageid
State: 0/1 Active; 1/2 Inactive
Status: 1/0 Active; 2/1 Inactive
Lookup organizationid ro: organization organizationid
"""

UOMSCHEDULE = """
table uomschedule uomschedules UoMSchedule key=uomscheduleid name=name owned=organization
String 200 req: name
String 100 create: baseuomname
Memo 2000: description
Guid ro: createdbyexternalparty modifiedbyexternalparty
State: 0/1 Active; 1/2 Inactive
Status: 1/0 Active; 2/1 Inactive
Lookup organizationid ro: organization organizationid
"""

UOM = """
table uom uoms UoM key=uomid name=name owned=organization
String 100 req: name
Decimal 10 0 10000000000 req: quantity
Boolean ro: isschedulebaseuom
Guid ro: organizationid createdbyexternalparty modifiedbyexternalparty
Lookup baseuom: uom baseuom unit_of_measurement_base_unit cascade
Lookup uomscheduleid req create: uomschedule uomscheduleid unit_of_measure_schedule_conversions cascade
"""

PRICELEVEL = """
table pricelevel pricelevels PriceLevel key=pricelevelid name=name owned=organization
String 100 req: name
Memo 2000: description
Date: begindate enddate
Picklist freighttermscode: 1 Default Value
Picklist paymentmethodcode: 1 Default Value
Picklist shippingmethodcode: 1 Default Value
State: 0/100001 Active; 1/100002 Inactive
Status: 100001/0 Active; 100002/1 Inactive
Lookup organizationid ro: organization organizationid
Lookup transactioncurrencyid req: transactioncurrency transactioncurrencyid transactioncurrency_pricelevel restrict
"""

PRODUCTPRICELEVEL = """
table productpricelevel productpricelevels ProductPriceLevel key=productpricelevelid name= owned=organization money
Money 0 1000000000000: amount
Picklist pricingmethodcode default=1: 1 Currency Amount
Picklist quantitysellingcode default=1: 1 No Control; 2 Whole; 3 Whole and Fractional
Lookup pricelevelid req: pricelevel pricelevelid price_level_product_price_levels cascade
Lookup productid req: product productid product_price_levels cascade
Lookup uomid req: uom uomid unit_of_measurement_product_price_levels restrict
Lookup uomscheduleid ro: uomschedule uomscheduleid
Lookup transactioncurrencyid ro: transactioncurrency transactioncurrencyid transactioncurrency_productpricelevel \
restrict
"""

PRODUCT = """
table product products Product key=productid name=name owned=organization money
String 100 req: productnumber
String 100: name suppliername vendorid vendorname vendorpartnumber
String 200: size
String 255: producturl
String 450 ro: hierarchypath
String 1250 ro: traversedpath
Memo 2000: description
Money 0 1000000000000: currentcost price standardcost
Decimal 5 0 1000000000: quantityonhand stockvolume stockweight
Integer 0 5 req: quantitydecimal
Boolean: iskit isstockitem isreparented
Date: validfromdate validtodate
Guid: processid stageid
Guid ro: entityimageid createdbyexternalparty modifiedbyexternalparty
Picklist productstructure default=1: 1 Product; 2 Product Family; 3 Product Bundle
Picklist producttypecode default=1: 1 Sales Inventory; 2 Miscellaneous Charges; 3 Services; 4 Flat Fees
State: 0/1 Active; 1/2 Retired; 2/0 Draft; 3/3 Under Revision
Status: 1/0 Active; 2/1 Retired; 0/2 Draft; 3/3 Under Revision
Lookup defaultuomid: uom defaultuomid unit_of_measurement_products restrict
Lookup defaultuomscheduleid: uomschedule defaultuomscheduleid unit_of_measurement_schedule_products restrict
Lookup organizationid ro: organization organizationid
Lookup parentproductid: product parentproductid product_parent_product restrict
Lookup pricelevelid: pricelevel pricelevelid price_level_products restrict
Lookup subjectid: subject subjectid
Lookup transactioncurrencyid: transactioncurrency transactioncurrencyid transactioncurrency_product restrict
"""

CATALOG = (TRANSACTIONCURRENCY, UOMSCHEDULE, UOM, PRICELEVEL, PRODUCT, PRODUCTPRICELEVEL)
