"""Solutions, views, roles and privileges (table reference of Dataverse)."""

PUBLISHER = """
table publisher publishers Publisher key=publisherid name=friendlyname owned=organization
String 256 req create: uniquename
String 256 req: friendlyname
String 8 req create: customizationprefix
Integer 10000 99999 req create: customizationoptionvalueprefix
Memo 2000: description
Boolean ro: isreadonly
Lookup organizationid ro: organization organizationid
"""

SOLUTION = """
table solution solutions Solution key=solutionid name=friendlyname owned=organization
String 65 req create: uniquename
String 256 req: friendlyname version
Memo 2000: description
Boolean ro: ismanaged
Lookup publisherid req create: publisher publisherid publisher_solution restrict
Lookup organizationid ro: organization organizationid
"""

SOLUTIONCOMPONENT = """
table solutioncomponent solutioncomponents SolutionComponent key=solutioncomponentid name= owned=none readonly
Guid: objectid
Picklist componenttype: 1 Entity; 2 Attribute; 10 Entity Relationship; 14 Entity Key; 20 Role; 26 View; \
92 SDK Message Processing Step; 95 Service Endpoint
Lookup solutionid: solution solutionid solution_solutioncomponent cascade
"""

SAVEDQUERY = """
table savedquery savedqueries SavedQuery key=savedqueryid name=name owned=organization
String 200 req: name
String 64 req create: returnedtypecode
Memo 1073741823: fetchxml layoutxml
Memo 2000: description
Integer 0 2147483647 req create: querytype
Boolean: isdefault
Boolean ro: isquickfindquery
Lookup organizationid ro: organization organizationid
"""

ROLE = """
table role roles Role key=roleid name=name owned=none
String 100 req: name
Lookup businessunitid req create: businessunit businessunitid business_unit_roles restrict
"""

PRIVILEGE = """
table privilege privileges Privilege key=privilegeid name=name owned=none readonly
String 100: name
Boolean: canbebasic canbelocal canbedeep canbeglobal
"""

ROLEPRIVILEGES = """
table roleprivileges roleprivilegescollection RolePrivileges key=roleprivilegeid name= owned=none readonly
Guid: roleid privilegeid
Integer: privilegedepthmask
"""

SYSTEMUSERROLES = """
table systemuserroles systemuserrolescollection SystemUserRoles key=systemuserroleid name= owned=none readonly
Guid: systemuserid roleid
"""

CUSTOMIZING = (
    PUBLISHER,
    SOLUTION,
    SOLUTIONCOMPONENT,
    SAVEDQUERY,
    ROLE,
    PRIVILEGE,
    ROLEPRIVILEGES,
    SYSTEMUSERROLES,
)
