metadata description = 'Service Bus and its queues. What a queue is comes from the file that the local broker serves too.'

param name string
param location string
param tags object

@description('Standard, or Premium: the only one with private endpoints.')
@allowed([
  'Standard'
  'Premium'
])
param sku string

@description('true: Premium is reached through its private endpoint only. Standard has none and stays public.')
param closed bool

@description('true: Dataverse writes to the queue changes itself; its endpoint knows keys only.')
param dataverseSends bool

param workspaceId string

var queues = loadJsonContent('../../local/servicebus/Config.json').UserConfig.Namespaces[0].Queues

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: sku
    tier: sku
    capacity: sku == 'Premium' ? 1 : null
  }
  properties: {
    minimumTlsVersion: '1.2'
    disableLocalAuth: !dataverseSends
    publicNetworkAccess: closed && sku == 'Premium' && !dataverseSends ? 'Disabled' : 'Enabled'
  }
}

@batchSize(1)
resource queue 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = [for entry in queues: {
  parent: namespace
  name: entry.Name
  properties: {
    lockDuration: entry.Properties.LockDuration
    maxDeliveryCount: entry.Properties.MaxDeliveryCount
    requiresSession: entry.Properties.RequiresSession
    requiresDuplicateDetection: entry.Properties.RequiresDuplicateDetection
    duplicateDetectionHistoryTimeWindow: entry.Properties.DuplicateDetectionHistoryTimeWindow
    defaultMessageTimeToLive: entry.Properties.DefaultMessageTimeToLive
    deadLetteringOnMessageExpiration: entry.Properties.DeadLetteringOnMessageExpiration
    // A queue that is full refuses: a webhook gets 503 and the sweep tries again. 5 GB hold about a million documents.
    maxSizeInMegabytes: 5120
  }
}]

resource changes 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' existing = {
  parent: namespace
  name: 'changes'
}

resource dataverse 'Microsoft.ServiceBus/namespaces/queues/authorizationRules@2024-01-01' = if (dataverseSends) {
  parent: changes
  name: 'dataverse'
  properties: {
    rights: [
      'Send'
    ]
  }
  dependsOn: [
    queue
  ]
}

resource metrics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: namespace
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'OperationalLogs'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

output id string = namespace.id
output name string = namespace.name
output hostName string = '${namespace.name}.servicebus.windows.net'
