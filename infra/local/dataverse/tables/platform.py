"""Organization, users and what webhooks hang on (table reference of Dataverse)."""

ORGANIZATION = """
table organization organizations Organization key=organizationid name=name owned=none
String 160: name
Integer 0 365: expirechangetrackingindays
Integer 0 4: currencydecimalprecision
Integer 0 10: pricingdecimalprecision
String 5: invoiceprefix orderprefix
Integer 0 2147483647: currentinvoicenumber currentordernumber
Boolean: createproductswithoutparentinactivestate
Integer ro: languagecode
Picklist discountcalculationmethod default=0: 0 Line item; 1 Per unit
Lookup basecurrencyid ro: transactioncurrency basecurrencyid
"""

BUSINESSUNIT = """
table businessunit businessunits BusinessUnit key=businessunitid name=name owned=none
String 160 req: name
String 100: divisionname costcenter emailaddress
String 200: websiteurl
Memo 2000: description
Boolean ro: isdisabled
Lookup parentbusinessunitid: businessunit parentbusinessunitid business_unit_parent_business_unit restrict
Lookup transactioncurrencyid: transactioncurrency transactioncurrencyid
Lookup organizationid ro: organization organizationid
"""

SYSTEMUSER = """
table systemuser systemusers SystemUser key=systemuserid name=fullname owned=none
String 1024: domainname
String 200 ro: fullname
String 256: firstname lastname
String 100: internalemailaddress
Guid create: applicationid azureactivedirectoryobjectid
Boolean: isdisabled
Picklist accessmode default=0: 0 Read-Write; 1 Administrative; 2 Read; 3 Support User; 4 Non-interactive; \
5 Delegated Admin
Lookup businessunitid req: businessunit businessunitid business_unit_system_users restrict
Lookup organizationid ro: organization organizationid_organization
"""

SERVICEENDPOINT = """
table serviceendpoint serviceendpoints ServiceEndpoint key=serviceendpointid name=name owned=organization
String 256 req: name
String 2000: url description
String 2048 secret: authvalue
String 160: path solutionnamespace
String 255: namespaceaddress
String 256: saskeyname
String 256 secret: saskey sastoken
Picklist namespaceformat: 1 Namespace Name; 2 Namespace Address
Picklist contract req: 1 OneWay; 2 Queue; 3 Rest; 4 TwoWay; 5 Topic; 6 Queue (Persistent); 7 Event Hub; 8 Webhook; \
9 Event Grid; 10 Managed Data Lake
Picklist authtype: 1 ACS; 2 SAS Key; 3 SAS Token; 4 Webhook Key; 5 Http Header; 6 Http Query String; \
7 Connection String; 8 Access Key
Picklist messageformat default=1: 1 Binary XML; 2 Json; 3 Text XML
Picklist connectionmode default=1: 1 Normal; 2 Federated
Picklist userclaim: 1 None; 2 UserId; 3 UserInfo
Boolean ro: isauthvalueset issaskeyset issastokenset
Lookup organizationid ro: organization organizationid
"""

SDKMESSAGE = """
table sdkmessage sdkmessages SdkMessage key=sdkmessageid name=name owned=organization readonly
String 256: name categoryname
Boolean: autotransact isactive isprivate
"""

SDKMESSAGEFILTER = """
table sdkmessagefilter sdkmessagefilters SdkMessageFilter key=sdkmessagefilterid name=name owned=organization readonly
String 256: name primaryobjecttypecode secondaryobjecttypecode
Boolean: iscustomprocessingstepallowed
Lookup sdkmessageid: sdkmessage sdkmessageid sdkmessageid_sdkmessagefilter
"""

SDKMESSAGEPROCESSINGSTEP = """
table sdkmessageprocessingstep sdkmessageprocessingsteps SdkMessageProcessingStep key=sdkmessageprocessingstepid \
name=name owned=organization
String 256: name description
String 100: category
String 1073741823: configuration
String 100000: filteringattributes
Boolean: asyncautodelete canusereadonlyconnection
Integer req: rank
Picklist mode req: 0 Synchronous; 1 Asynchronous
Picklist stage req: 5 Initial Pre-operation (For internal use only); 10 Pre-validation; \
15 Internal Pre-operation Before External Plugins (For internal use only); 20 Pre-operation; \
25 Internal Pre-operation After External Plugins (For internal use only); 30 Main Operation (For internal use only); \
35 Internal Post-operation Before External Plugins (For internal use only); 40 Post-operation; \
45 Internal Post-operation After External Plugins (For internal use only); 50 Post-operation (Deprecated); \
55 Final Post-operation (For internal use only); \
80 Pre-Commit stage fired before transaction commit (For internal use only); \
90 Post-Commit stage fired after transaction commit (For internal use only)
Picklist supporteddeployment default=0: 0 Server Only; 1 Microsoft Dynamics 365 Client for Outlook Only; 2 Both
Picklist invocationsource default=0: -1 Internal; 0 Parent; 1 Child
State: 0/1 Enabled; 1/2 Disabled
Status: 1/0 Enabled; 2/1 Disabled
Lookup sdkmessageid req: sdkmessage sdkmessageid sdkmessageid_sdkmessageprocessingstep restrict
Lookup sdkmessagefilterid: sdkmessagefilter sdkmessagefilterid sdkmessagefilterid_sdkmessageprocessingstep restrict
Lookup eventhandler req: serviceendpoint eventhandler_serviceendpoint serviceendpoint_sdkmessageprocessingstep \
cascade; plugintype eventhandler_plugintype
Lookup impersonatinguserid: systemuser impersonatinguserid
Lookup organizationid ro: organization organizationid
"""

SDKMESSAGEPROCESSINGSTEPIMAGE = """
table sdkmessageprocessingstepimage sdkmessageprocessingstepimages SdkMessageProcessingStepImage \
key=sdkmessageprocessingstepimageid name=name owned=organization
String 256 req: name entityalias messagepropertyname
String 256: description relatedattributename
String 100000: attributes
Picklist imagetype req: 0 PreImage; 1 PostImage; 2 Both
Lookup sdkmessageprocessingstepid req: sdkmessageprocessingstep sdkmessageprocessingstepid \
sdkmessageprocessingstepid_sdkmessageprocessingstepimage cascade
Lookup organizationid ro: organization organizationid
"""

ASYNCOPERATION = """
table asyncoperation asyncoperations AsyncOperation key=asyncoperationid name=name owned=user readonly
String 256: name messagename
String 128: primaryentitytype
Integer: depth errorcode operationtype retrycount
Guid: correlationid requestid
Memo 1073741823: message friendlymessage
DateTime: startedon completedon
State: 0/0 Ready; 1/10 Suspended; 2/20 Locked; 3/30 Completed
Status: 0/0 Waiting For Resources; 10/1 Waiting; 20/2 In Progress; 21/2 Pausing; 22/2 Canceling; 30/3 Succeeded; \
31/3 Failed; 32/3 Canceled
Lookup owningextensionid: sdkmessageprocessingstep owningextensionid SdkMessageProcessingStep_AsyncOperations removelink
Lookup regardingobjectid: invoice regardingobjectid_invoice Invoice_AsyncOperations removelink; \
invoicedetail regardingobjectid_invoicedetail InvoiceDetail_AsyncOperations removelink; \
salesorder regardingobjectid_salesorder SalesOrder_AsyncOperations removelink; \
salesorderdetail regardingobjectid_salesorderdetail SalesOrderDetail_AsyncOperations removelink; \
account regardingobjectid_account Account_AsyncOperations removelink; \
contact regardingobjectid_contact Contact_AsyncOperations removelink; \
product regardingobjectid_product Product_AsyncOperations removelink
"""

PLATFORM = (
    ORGANIZATION,
    BUSINESSUNIT,
    SYSTEMUSER,
    SERVICEENDPOINT,
    SDKMESSAGE,
    SDKMESSAGEFILTER,
    SDKMESSAGEPROCESSINGSTEP,
    SDKMESSAGEPROCESSINGSTEPIMAGE,
    ASYNCOPERATION,
)
