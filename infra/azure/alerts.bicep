metadata description = 'Alerts: each is a query under queries/alerts that gives rows when somebody must look; ALERTS.md says what to do.'

@description('The Application Insights resource that the queries ask.')
param insightsId string
param location string
param tags object

@description('Who is told, by mail. Empty: alerts show in the portal alone.')
param mailTo array = []

@description('False: the rules are there and rest, such as before go-live.')
param enabled bool = true

// Severities: 1 nothing is exported or something is set aside, 2 somebody should look today, 3 worth a look.
// by: the column of the query's rows that makes each of its values an alert of its own, which a mail names; never an
// empty text. Without it a second system that fails while the first one does would be no news.
var alerts = [
  {
    name: 'backlog'
    query: loadTextContent('queries/alerts/backlog.kql')
    severity: 2
    every: 'PT15M'
    over: 'PT30M'
    by: 'target'
  }
  {
    name: 'credentials'
    query: loadTextContent('queries/alerts/credentials.kql')
    severity: 2
    every: 'P1D'
    over: 'P1D'
    by: 'setting'
  }
  {
    name: 'failed_invocations'
    query: loadTextContent('queries/alerts/failed_invocations.kql')
    severity: 2
    every: 'PT15M'
    over: 'PT30M'
    by: 'name'
  }
  {
    name: 'misconfigured'
    query: loadTextContent('queries/alerts/misconfigured.kql')
    severity: 1
    every: 'PT5M'
    over: 'PT10M'
    by: 'problem'
  }
  {
    name: 'no_sweep'
    query: loadTextContent('queries/alerts/no_sweep.kql')
    severity: 1
    every: 'PT15M'
    over: 'PT30M'
    by: ''
  }
  {
    name: 'nothing_exported'
    query: loadTextContent('queries/alerts/nothing_exported.kql')
    severity: 2
    every: 'PT1H'
    over: 'PT4H'
    by: ''
  }
  {
    name: 'oldest_waiting'
    query: loadTextContent('queries/alerts/oldest_waiting.kql')
    severity: 2
    every: 'PT15M'
    over: 'PT30M'
    by: ''
  }
  {
    name: 'refusals'
    query: loadTextContent('queries/alerts/refusals.kql')
    severity: 3
    every: 'PT1H'
    over: 'PT1H'
    by: 'target'
  }
  {
    name: 'set_aside'
    query: loadTextContent('queries/alerts/set_aside.kql')
    severity: 1
    every: 'PT15M'
    over: 'PT30M'
    by: 'queue'
  }
  {
    name: 'slow'
    query: loadTextContent('queries/alerts/slow.kql')
    severity: 3
    every: 'PT15M'
    over: 'PT30M'
    by: 'target'
  }
  {
    name: 'target_fails'
    query: loadTextContent('queries/alerts/target_fails.kql')
    severity: 1
    every: 'PT5M'
    over: 'PT15M'
    by: 'target'
  }
  {
    name: 'timers_fail'
    query: loadTextContent('queries/alerts/timers_fail.kql')
    severity: 2
    every: 'PT1H'
    over: 'PT6H'
    by: 'timer'
  }
  {
    name: 'webhooks_fail'
    query: loadTextContent('queries/alerts/webhooks_fail.kql')
    severity: 2
    every: 'PT1H'
    over: 'PT2H'
    by: 'what'
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(mailTo)) {
  name: 'ag-bridge'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'bridge'
    enabled: true
    emailReceivers: [for address in mailTo: {
      name: address
      emailAddress: address
      useCommonAlertSchema: true
    }]
  }
}

resource rules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for alert in alerts: {
  name: 'bridge-${replace(alert.name, '_', '-')}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Bridge: ${replace(alert.name, '_', ' ')}'
    description: 'infra/azure/ALERTS.md, ${alert.name}'
    severity: alert.severity
    enabled: enabled
    evaluationFrequency: alert.every
    windowSize: alert.over
    scopes: [
      insightsId
    ]
    criteria: {
      allOf: [
        {
          query: alert.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          dimensions: empty(alert.by) ? [] : [
            {
              name: alert.by
              operator: 'Include'
              values: [
                '*'
              ]
            }
          ]
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    // Azure keeps no state for a rule that looks more rarely than every 12 hours: what is so today is told today.
    autoMitigate: alert.every != 'P1D'
    actions: {
      actionGroups: empty(mailTo) ? [] : [
        people.id
      ]
    }
  }
}]
