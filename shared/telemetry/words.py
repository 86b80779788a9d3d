"""The words that the bridge uses of itself: the names of what it records, and the vocabulary of its causes.

A test holds all of it against the code: a new event, measure or cause needs its words here, or they would not leave.
"""

EVENTS = frozenset(
    {
        "a file waits",
        "a pass starts over",
        "another organization",
        "change tracking starts over",
        "columns not checked",
        "event",
        "event of a table that is not exported: remove its step",
        "failed",
        "handed out",
        "in accounting",
        "journal not told",
        "journal waits",
        "journal written",
        "misconfigured",
        "not given back",
        "nothing to do",
        "payments read",
        "payments start over",
        "payments wait",
        "poison",
        "read back",
        "reconciled",
        "reconciliation starts over",
        "refused",
        "retry",
        "secret expires",
        "sent",
        "sent again",
        "swept",
        "vault away",
        "watch waits",
        "webhook not taken",
    }
)
HOPS = frozenset({"export", "onec_connector", "sapb1_connector", "writeback"})
METRICS = frozenset(
    {
        "credential_days_left",
        "documents",
        "retries",
        "round_trips",
        "seconds_to_posted",
        "set_aside",
        "telemetry_dropped",
        "waiting",
        "waiting_seconds",
    }
)
_VOCABULARY = """
a account accountant accounting address after again against all alone already amounts an and another answer answered
answerlost answers any app application are as ask asked asks assign at attempt automatic azure b1s back backup base
batch be because before begin being beside between body bool bridge broken bus business but by calls can cancel
cancellations cancelled caused certain certificates change changed changes changing characters check checkpoint
chooses claim client close closed code codes column column_ columns com comes company companydb completely computed
configuration connect connection connector constant contact container content contoso contributor could counts
create created crm customer cut data dataverse datetime_parsing decides defined delete deleted delivery demo derived
dict did do doctype document documents does doesn down draft dropped due dynamics edmx either else elsewhere empty
en enabled end ending endpoint entity entra environment europe event events expected export exported extra_forbidden
failed fence field fields file files finds firewall first fit float for forbidden fragment free from fulfilled fully
function gave get give go guid gzip hand hands has health held hold holds how html http https id identity in int
integration interface into invoice is issued it item its journal json json_invalid just keep keeps key keyvault
known lacks language larger late layer lead leads legal let line lines link list literal_error log login longest
looked lost machine many map may mb meanwhile message messages metadata method microsoftonline minute misconfigured
missing moment more moscow moved must name named names ncrontab needs neither net newer next no none nor not nothing
now number object odata of off on once one onec ones only operations operator option or order organization out own
page paid pass password patch path payment payments pem platform pool post posted pressed properties property public
published put query queue raised rate reached read record recreate redirect refused requests required reset restart
restored retries retry right role route routes row rows ru run s same sap say secret secrets security see sentences
server service session set setting settings short show sign six so somebody stale standard started status
statuscodes stock storage str string string_too_long string_type such support sweep switch system systemuserid t
table take taken target tax tenant text than that the their then there they this through time to token too tracking
tried true try twice type unavailable understand unexpected unit unpacked until uom up update user uuid_parsing v2
value_error values vat vault version wait waiting was way were what when where which while whoami with without
writing written wrong xml yes zone
"""
WORDS = frozenset(_VOCABULARY.split())
"""of causes, in lower case"""
