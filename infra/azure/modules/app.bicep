metadata description = 'The function app: Flex Consumption, Python 3.13, everything by identity.'

param name string
param location string
param tags object
param identityId string
param identityClientId string
param storageName string
param packagesUrl string
param serviceBusNamespace string
param vaultUrl string
param insightsConnectionString string

@description('Empty: the app is in no virtual network.')
param subnetId string

@description('Sizes: lanes, maximumInstanceCount, instanceMemoryMb, alwaysReadyHttp, httpConcurrency; allowedCallers, entra.')
param platform object

@description('The app settings of environments/STAGE.json. A list or an object becomes JSON.')
param settings object

// Set here and nowhere else: they follow from the resources above.
var platformSettings = {
  AZURE_CLIENT_ID: identityClientId
  AzureWebJobsStorage__accountName: storageName
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  ServiceBusConnection__fullyQualifiedNamespace: serviceBusNamespace
  ServiceBusConnection__credential: 'managedidentity'
  ServiceBusConnection__clientId: identityClientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identityClientId}'
  KEY_VAULT_URL: vaultUrl
  LANES: string(platform.lanes)
  // host.json has the sessions for the default number of lanes; more lanes than sessions help nobody.
  AzureFunctionsJobHost__extensions__serviceBus__maxConcurrentSessions: string(platform.lanes)
}

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  // checkov:skip=CKV_AZURE_225:zones cost instances that are always ready; while the app is away, queues and sweep lose nothing
  name: 'plan-${name}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  // checkov:skip=CKV_AZURE_222:Dataverse calls the webhook from the internet; allowedCallers narrows it down
  // checkov:skip=CKV_AZURE_17:Dataverse can show no client certificate; function keys and Entra tell callers apart
  // checkov:skip=CKV_AZURE_212:scaling to none is wanted; queues hold what comes meanwhile
  // checkov:skip=CKV_AZURE_78:Flex Consumption has no FTP and refuses the setting
  // checkov:skip=CKV_AZURE_213:Flex Consumption replaces failed instances by itself and takes no health check path
  name: name
  location: location
  tags: union(tags, {
    'azd-service-name': 'bridge'
  })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
      // Empty: any caller with a function key. The webhook comes from Dataverse's addresses (service tag AzureCloud).
      ipSecurityRestrictions: [for caller in platform.allowedCallers: {
        name: caller.name
        action: 'Allow'
        priority: 100
        tag: caller.tag
        ipAddress: caller.address
      }]
      appSettings: [for item in items(union(settings, platformSettings)): {
        name: item.key
        value: string(item.value)
      }]
    }
    functionAppConfig: {
      runtime: {
        name: 'python'
        version: '3.13'
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packagesUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      scaleAndConcurrency: {
        maximumInstanceCount: platform.maximumInstanceCount
        instanceMemoryMB: platform.instanceMemoryMb
        alwaysReady: platform.alwaysReadyHttp == 0 ? [] : [
          {
            name: 'http'
            instanceCount: platform.alwaysReadyHttp
          }
        ]
        triggers: {
          http: {
            perInstanceConcurrency: platform.httpConcurrency
          }
        }
      }
    }
  }
}

// Deployment signs in with Entra; the password of the publishing profile stays off. There is no FTP on this plan.
resource publishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

module entra 'entra.bicep' = if (!empty(platform.entra.clientId)) {
  name: 'entra'
  params: {
    appName: app.name
    clientId: platform.entra.clientId
  }
}

output id string = app.id
output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
