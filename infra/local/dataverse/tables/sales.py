"""Invoices and orders with their lines (table reference of Dynamics 365 Sales)."""

_PRICING_ERRORS = (
    "0 None; 1 Detail Error; 2 Missing Price Level; 3 Inactive Price Level; 4 Missing Quantity; 5 Missing Unit Price; "
    "6 Missing Product; 7 Invalid Product; 8 Missing Pricing Code; 9 Invalid Pricing Code; 10 Missing UOM; "
    "11 Product Not In Price Level; 12 Missing Price Level Amount; 13 Missing Price Level Percentage; "
    "14 Missing Price; 15 Missing Current Cost; 16 Missing Standard Cost; 17 Invalid Price Level Amount; "
    "18 Invalid Price Level Percentage; 19 Invalid Price; 20 Invalid Current Cost; 21 Invalid Standard Cost; "
    "22 Invalid Rounding Policy; 23 Invalid Rounding Option; 24 Invalid Rounding Amount; "
    "25 Price Calculation Error; 26 Invalid Discount Type; 27 Discount Type Invalid State; 28 Invalid Discount; "
    "29 Invalid Quantity; 30 Invalid Pricing Precision; 31 Missing Product Default UOM; "
    "32 Missing Product UOM Schedule; 33 Inactive Discount Type; 34 Invalid Price Level Currency; "
    "35 Price Attribute Out Of Range; 36 Base Currency Attribute Overflow; 37 Base Currency Attribute Underflow"
)

_DOCUMENT_COLUMNS = f"""
String 100: emailaddress
String 300: name
String 1250 ro: traversedpath
String 80: billto_city billto_country shipto_city shipto_country
String 50: billto_fax billto_stateorprovince billto_telephone shipto_fax shipto_stateorprovince shipto_telephone
String 250: billto_line1 billto_line2 billto_line3 shipto_line1 shipto_line2 shipto_line3
String 200: billto_name shipto_name
String 20: billto_postalcode shipto_postalcode
Memo 1000 ro: billto_composite shipto_composite
Memo 2000: description
Guid: processid stageid
Guid ro: entityimageid
Money 0 1000000000000: discountamount freightamount
Money calculated: totalamount totalamountlessfreight totaldiscountamount totallineitemamount totallineitemdiscountamount
Money calculated: totaltax
Decimal 2 0 100: discountpercentage
Boolean: ispricelocked willcall
DateTime: lastbackofficesubmit lastonholdtime
Integer ro: onholdtime
Picklist paymenttermscode: 1 Net 30; 2 2% 10, Net 30; 3 Net 45; 4 Net 60
Picklist prioritycode: 1 Default Value
Picklist shippingmethodcode: 1 Airborne; 2 DHL; 3 FedEx; 4 UPS; 5 Postal Mail; 6 Full Load; 7 Will Call
Picklist shipto_freighttermscode: 1 Default Value
Picklist pricingerrorcode: {_PRICING_ERRORS}
Picklist skippricecalculation: 0 DoPriceCalcAlways; 1 SkipPriceCalcOnRetrieve; 2 SkipPriceCalcOnUpdate; \
3 SkipPriceCalcOnCreate
"""

INVOICE = f"""
table invoice invoices Invoice key=invoiceid name=name owned=user money number=invoicenumber:INV
{_DOCUMENT_COLUMNS}
String 100: invoicenumber
Date: datedelivered duedate
State: 0/1 Active; 1/3 Closed (deprecated); 2/100001 Paid; 3/100003 Canceled
Status: 1/0 New; 2/0 Partially Shipped; 4/0 Billed; 5/0 Booked (applies to services); \
6/0 Installed (applies to services); 3/1 Canceled (deprecated); 7/1 Paid in Full (deprecated); 100001/2 Complete; \
100002/2 Partial; 100003/3 Canceled
Lookup customerid: account customerid_account invoice_customer_accounts restrict; \
contact customerid_contact invoice_customer_contacts restrict
Lookup opportunityid: opportunity opportunityid
Lookup pricelevelid: pricelevel pricelevelid price_level_invoices restrict
Lookup salesorderid: salesorder salesorderid order_invoices restrict
Lookup transactioncurrencyid: transactioncurrency transactioncurrencyid transactioncurrency_invoice restrict
Lookup slaid: sla sla_invoice_sla
Lookup slainvokedid ro: sla slainvokedid_invoice_sla
Lookup accountid ro: account
Lookup contactid ro: contact
"""

SALESORDER = f"""
table salesorder salesorders Order key=salesorderid name=name owned=user money number=ordernumber:ORD
{_DOCUMENT_COLUMNS}
String 100: ordernumber
String 150: billto_contactname shipto_contactname
Guid: billto_addressid shipto_addressid
Date: datefulfilled requestdeliveryby submitdate
Integer 0 1000000000: submitstatus
Memo 2000: submitstatusdescription
Picklist freighttermscode: 1 FOB; 2 No Charge
State: 0/1 Active; 1/3 Submitted; 2/4 Canceled; 3/100001 Fulfilled; 4/100003 Invoiced
Status: 1/0 New; 2/0 Pending; 3/1 In Progress; 4/2 No Money; 100001/3 Complete; 100002/3 Partial; 100003/4 Invoiced
Lookup customerid: account customerid_account order_customer_accounts restrict; \
contact customerid_contact order_customer_contacts restrict
Lookup campaignid: campaign campaignid
Lookup opportunityid: opportunity opportunityid
Lookup quoteid: quote quoteid
Lookup pricelevelid: pricelevel pricelevelid price_level_orders restrict
Lookup transactioncurrencyid: transactioncurrency transactioncurrencyid transactioncurrency_salesorder restrict
Lookup slaid: sla sla_salesorder_sla
Lookup slainvokedid ro: sla slainvokedid_salesorder_sla
Lookup accountid ro: account
Lookup contactid ro: contact
"""

_LINE_COLUMNS = f"""
Money calculated: baseamount extendedamount
Money ro: volumediscountamount
Money 0 1000000000000: manualdiscountamount
Money price: priceperunit
Money -1000000000000 1000000000000: tax
Decimal 5 -100000000000 100000000000: quantity
Decimal 5 0 1000000000: quantitybackordered quantitycancelled
Decimal 5 -1000000000 1000000000: quantityshipped
Boolean: iscopied ispriceoverridden isproductoverridden willcall
Integer 0 1000000000: lineitemnumber
Integer: sequencenumber
Memo 2000: description
String 500: productdescription productname
String 80: shipto_city shipto_country
String 50: shipto_fax shipto_stateorprovince shipto_telephone
String 250: shipto_line1 shipto_line2 shipto_line3
String 200: shipto_name
String 20: shipto_postalcode
Picklist shipto_freighttermscode: 1 FOB; 2 No Charge
Picklist pricingerrorcode: {_PRICING_ERRORS}
Picklist producttypecode default=1: 1 Product; 2 Bundle; 3 Required Bundle Product; 4 Optional Bundle Product; \
5 Project-based Service
Picklist propertyconfigurationstatus default=2: 0 Edit; 1 Rectify; 2 Not Configured
Picklist skippricecalculation: 0 DoPriceCalcAlways; 1 SkipPriceCalcOnRetrieve; 2 SkipPriceCalcOnUpdate; \
3 SkipPriceCalcOnCreate
Guid: parentbundleid
Lookup productassociationid: productassociation productassociationid_productassociation
Lookup salesrepid: systemuser salesrepid
"""

INVOICEDETAIL = f"""
table invoicedetail invoicedetails InvoiceDetail key=invoicedetailid name=invoicedetailname owned=parent money
{_LINE_COLUMNS}
String 100 ro: invoicedetailname
String 100: shippingtrackingnumber
Date: actualdeliveryon
Lookup invoiceid create: invoice invoiceid invoice_details cascade
Lookup parentbundleidref: invoicedetail parentbundleidref_invoicedetail invoicedetail_parentref_invoicedetail cascade
Lookup productid: product productid product_invoice_details restrict
Lookup salesorderdetailid: salesorderdetail SalesOrderDetailId msdyn_salesorderdetail_invoicedetail
Lookup uomid: uom uomid unit_of_measurement_invoice_details restrict
Lookup transactioncurrencyid ro: transactioncurrency transactioncurrencyid transactioncurrency_invoicedetail restrict
"""

SALESORDERDETAIL = f"""
table salesorderdetail salesorderdetails SalesOrderDetail key=salesorderdetailid name=salesorderdetailname \
owned=parent money
{_LINE_COLUMNS}
String 100 ro: salesorderdetailname
String 150: shipto_contactname
Guid: shipto_addressid
Date: requestdeliveryby
Lookup salesorderid create: salesorder salesorderid order_details cascade
Lookup parentbundleidref: salesorderdetail parentbundleidref_salesorderdetail \
salesorderdetail_parentref_salesorderdetail cascade
Lookup productid: product productid product_order_details restrict
Lookup quotedetailid: quotedetail QuoteDetailId
Lookup uomid: uom uomid unit_of_measurement_order_details restrict
Lookup transactioncurrencyid ro: transactioncurrency transactioncurrencyid transactioncurrency_salesorderdetail restrict
"""

SALES = (SALESORDER, SALESORDERDETAIL, INVOICE, INVOICEDETAIL)
