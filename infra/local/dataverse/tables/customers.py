"""Accounts and contacts (table reference of Dynamics 365)."""


def _address(number: int) -> str:
    prefix = f"address{number}"
    return f"""
Guid: {prefix}_addressid
String 80: {prefix}_city {prefix}_country
String 50: {prefix}_county {prefix}_fax {prefix}_stateorprovince {prefix}_telephone1 {prefix}_telephone2
String 50: {prefix}_telephone3
String 250: {prefix}_line1 {prefix}_line2 {prefix}_line3
String 200: {prefix}_name
String 20: {prefix}_postalcode {prefix}_postofficebox
String 100: {prefix}_primarycontactname
String 4: {prefix}_upszone
Memo 1000 ro: {prefix}_composite
Integer -1500 1500: {prefix}_utcoffset
Double 5 -90 90: {prefix}_latitude
Double 5 -180 180: {prefix}_longitude
Picklist {prefix}_addresstypecode: 1 Bill To; 2 Ship To; 3 Primary; 4 Other
Picklist {prefix}_freighttermscode: 1 FOB; 2 No Charge
Picklist {prefix}_shippingmethodcode: 1 Airborne; 2 DHL; 3 FedEx; 4 UPS; 5 Postal Mail; 6 Full Load; 7 Will Call
"""


_CUSTOMER_COLUMNS = f"""
{_address(1)}
{_address(2)}
String 100: emailaddress1 emailaddress2 emailaddress3
String 50: fax telephone1 telephone2 telephone3
String 200: ftpsiteurl websiteurl
String 1250 ro: timespentbymeonemailandmeetings traversedpath
Memo 2000: description
Boolean: creditonhold donotbulkemail donotbulkpostalmail donotemail donotfax donotphone donotpostalmail donotsendmm
Boolean: marketingonly participatesinworkflow
Boolean default=true: followemail
Boolean ro: merged
Guid: processid stageid
Guid ro: entityimageid createdbyexternalparty modifiedbyexternalparty
DateTime: lastonholdtime
Date: lastusedincampaign
Integer ro: onholdtime
Money ro: aging30 aging60 aging90
Money 0 100000000000000: creditlimit
Picklist customersizecode: 1 Default Value
Picklist paymenttermscode: 1 Net 30; 2 2% 10, Net 30; 3 Net 45; 4 Net 60
Picklist preferredappointmentdaycode: 0 Sunday; 1 Monday; 2 Tuesday; 3 Wednesday; 4 Thursday; 5 Friday; 6 Saturday
Picklist preferredappointmenttimecode: 1 Morning; 2 Afternoon; 3 Evening
Picklist preferredcontactmethodcode default=1: 1 Any; 2 Email; 3 Phone; 4 Fax; 5 Mail
Picklist shippingmethodcode: 1 Default Value
Picklist territorycode: 1 Default Value
State: 0/1 Active; 1/2 Inactive
Status: 1/0 Active; 2/1 Inactive
Lookup defaultpricelevelid: pricelevel defaultpricelevelid
Lookup originatingleadid: lead originatingleadid
Lookup preferredequipmentid: equipment preferredequipmentid
Lookup preferredserviceid: service preferredserviceid
Lookup preferredsystemuserid: systemuser preferredsystemuserid
"""

ACCOUNT = f"""
table account accounts Account key=accountid name=name owned=user money
{_CUSTOMER_COLUMNS}
String 160: name yominame
String 20: accountnumber sic stockexchange
String 10: tickersymbol
String 200: primarysatoriid
String 128: primarytwitterid
Integer 0 1000000000: numberofemployees sharesoutstanding
Money 0 100000000000000: marketcap revenue
Money ro: openrevenue
Integer ro: opendeals opendeals_state openrevenue_state
DateTime ro: opendeals_date openrevenue_date
Picklist accountcategorycode: 1 Preferred Customer; 2 Standard
Picklist accountclassificationcode: 1 Default Value
Picklist accountratingcode: 1 Default Value
Picklist businesstypecode: 1 Default Value
Picklist customertypecode: 1 Competitor; 2 Consultant; 3 Customer; 4 Investor; 5 Partner; 6 Influencer; 7 Press; \
8 Prospect; 9 Reseller; 10 Supplier; 11 Vendor; 12 Other
Picklist industrycode: 1 Accounting; 2 Agriculture and Non-petrol Natural Resource Extraction; \
3 Broadcasting Printing and Publishing; 4 Brokers; 5 Building Supply Retail; 6 Business Services; 7 Consulting; \
8 Consumer Services; 9 Design, Direction and Creative Management; 10 Distributors, Dispatchers and Processors; \
11 Doctor's Offices and Clinics; 12 Durable Manufacturing; 13 Eating and Drinking Places; 14 Entertainment Retail; \
15 Equipment Rental and Leasing; 16 Financial; 17 Food and Tobacco Processing; \
18 Inbound Capital Intensive Processing; 19 Inbound Repair and Services; 20 Insurance; 21 Legal Services; \
22 Non-Durable Merchandise Retail; 23 Outbound Consumer Service; 24 Petrochemical Extraction and Distribution; \
25 Service Retail; 26 SIG Affiliations; 27 Social Services; 28 Special Outbound Trade Contractors; \
29 Specialty Realty; 30 Transportation; 31 Utility Creation and Distribution; 32 Vehicle Retail; 33 Wholesale
Picklist ownershipcode: 1 Public; 2 Private; 3 Subsidiary; 4 Other
Lookup masterid ro: account masterid account_master_account
Lookup parentaccountid: account parentaccountid account_parent_account
Lookup primarycontactid: contact primarycontactid account_primary_contact
Lookup slaid: sla sla_account_sla
Lookup slainvokedid ro: sla slainvokedid_account_sla
Lookup territoryid: territory territoryid
Lookup transactioncurrencyid: transactioncurrency transactioncurrencyid transactioncurrency_account restrict
"""

CONTACT = f"""
table contact contacts Contact key=contactid name=fullname owned=user money
{_CUSTOMER_COLUMNS}
{_address(3)}
String 100: assistantname department jobtitle managername nickname salutation spousesname
String 50: assistantphone business2 callback company employeeid externaluseridentifier firstname governmentid home2
String 50: lastname managerphone middlename mobilephone pager
String 10: suffix
String 150: yomifirstname yomilastname yomimiddlename
String 160 ro: fullname
String 450 ro: yomifullname
String 255: childrensnames
Boolean: isbackofficecustomer
Date: anniversary birthdate
Integer 0 1000000000: numberofchildren
Money 0 100000000000000: annualincome
Picklist accountrolecode: 1 Decision Maker; 2 Employee; 3 Influencer
Picklist customertypecode: 1 Default Value
Picklist educationcode: 1 Default Value
Picklist familystatuscode: 1 Single; 2 Married; 3 Divorced; 4 Widowed
Picklist gendercode: 1 Male; 2 Female
Picklist haschildrencode: 1 Default Value
Picklist leadsourcecode: 1 Default Value
Lookup accountid ro: account
Lookup parentcontactid ro: contact
Lookup masterid ro: contact masterid contact_master_contact
Lookup parentcustomerid: account parentcustomerid_account contact_customer_accounts; \
contact parentcustomerid_contact contact_customer_contacts
Lookup slaid: sla sla_contact_sla
Lookup slainvokedid ro: sla slainvokedid_contact_sla
Lookup transactioncurrencyid: transactioncurrency transactioncurrencyid transactioncurrency_contact restrict
"""

CUSTOMERS = (ACCOUNT, CONTACT)
