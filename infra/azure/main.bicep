metadata description = 'Dynamics 365 to accounting: everything the bridge needs in one resource group.'
targetScope = 'subscription'

@description('Name of this deployment (azd environment); names the resource group and, hashed, every resource.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('Region of all resources. Flex Consumption must exist there.')
@minLength(1)
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

@description('Which file of environments/ holds the sizes and the app settings.')
@allowed([
  'test'
  'prod'
])
param stage string

@description('Object id of who may write the secrets into Key Vault; empty: nobody is given that right here.')
param principalId string = ''

@description('What principalId is.')
@allowed([
  'User'
  'Group'
  'ServicePrincipal'
])
param principalType string = 'User'

var environments = {
  test: loadJsonContent('environments/test.json')
  prod: loadJsonContent('environments/prod.json')
}
var platform = environments[stage].platform
var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = {
  'azd-env-name': environmentName
  stage: stage
}

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-bridge-${token}'
    location: location
    tags: tags
  }
}

module network 'modules/network.bicep' = if (platform.network.enabled) {
  name: 'network'
  scope: group
  params: {
    name: 'vnet-bridge-${token}'
    location: location
    tags: tags
    settings: platform.network
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    retentionDays: platform.retentionDays
    dailyCapGb: platform.dailyCapGb
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'stbridge${token}'
    location: location
    tags: tags
    sku: platform.storageSku
    closed: platform.network.enabled
    workspaceId: monitoring.outputs.workspaceId
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    name: 'kv-${token}'
    location: location
    tags: tags
    closed: platform.network.enabled
    publicAccess: platform.network.enabled && empty(platform.network.vaultAllowedAddresses) ? 'Disabled' : 'Enabled'
    allowedAddresses: platform.network.vaultAllowedAddresses
    workspaceId: monitoring.outputs.workspaceId
  }
}

module servicebus 'modules/servicebus.bicep' = {
  name: 'servicebus'
  scope: group
  params: {
    name: 'sb-bridge-${token}'
    location: location
    tags: tags
    sku: platform.serviceBusSku
    closed: platform.network.enabled
    dataverseSends: platform.dataverseSendsToServiceBus
    workspaceId: monitoring.outputs.workspaceId
  }
}

module roles 'modules/roles.bicep' = {
  name: 'roles'
  scope: group
  params: {
    identityPrincipalId: identity.outputs.principalId
    storageName: storage.outputs.name
    vaultName: vault.outputs.name
    serviceBusName: servicebus.outputs.name
    insightsName: monitoring.outputs.insightsName
    administratorId: principalId
    administratorType: principalType
  }
}

module endpoints 'modules/endpoints.bicep' = if (platform.network.enabled) {
  name: 'endpoints'
  scope: group
  params: {
    location: location
    tags: tags
    networkId: network.?outputs.id ?? ''
    subnetId: network.?outputs.endpointsSubnetId ?? ''
    storageId: storage.outputs.id
    vaultId: vault.outputs.id
    serviceBusId: platform.serviceBusSku == 'Premium' ? servicebus.outputs.id : ''
  }
}

module app 'modules/app.bicep' = {
  name: 'app'
  scope: group
  params: {
    name: 'func-bridge-${token}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    storageName: storage.outputs.name
    packagesUrl: storage.outputs.packagesUrl
    serviceBusNamespace: servicebus.outputs.hostName
    vaultUrl: vault.outputs.url
    insightsConnectionString: monitoring.outputs.connectionString
    subnetId: network.?outputs.appSubnetId ?? ''
    platform: platform
    settings: environments[stage].settings
  }
  // The app reads its package, its queues and its secrets by identity as soon as it starts.
  dependsOn: [
    roles
    endpoints
  ]
}

module alerts 'alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    insightsId: monitoring.outputs.insightsId
    location: location
    tags: tags
    mailTo: platform.alerts.mailTo
    enabled: platform.alerts.enabled
  }
}

module workbook 'workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    insightsId: monitoring.outputs.insightsId
    location: location
    tags: tags
  }
}

output AZURE_RESOURCE_GROUP string = group.name
output AZURE_LOCATION string = location
output AZURE_FUNCTION_NAME string = app.outputs.name
output BRIDGE_URL string = app.outputs.url
output BRIDGE_CLIENT_ID string = identity.outputs.clientId
output BRIDGE_VAULT string = vault.outputs.name
output BRIDGE_SERVICE_BUS string = servicebus.outputs.hostName
