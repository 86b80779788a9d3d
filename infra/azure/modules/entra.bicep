metadata description = 'Callers of the HTTP functions show a token of Entra ID beside the function key.'

param appName string

@description('Client id of the app registration that stands for this app.')
param clientId string

resource app 'Microsoft.Web/sites@2024-04-01' existing = {
  name: appName
}

resource authentication 'Microsoft.Web/sites/config@2024-04-01' = {
  // checkov:skip=CKV_AZURE_13:this is the authentication; the check looks for its first version
  // checkov:skip=CKV_AZURE_63:a setting of the kind web, not of authsettingsV2
  // checkov:skip=CKV_AZURE_65:a setting of the kind web, not of authsettingsV2
  // checkov:skip=CKV_AZURE_66:a setting of the kind web, not of authsettingsV2
  // checkov:skip=CKV_AZURE_80:a setting of the kind web, not of authsettingsV2
  // checkov:skip=CKV_AZURE_88:the app keeps no files
  // checkov:skip=CKV_AZURE_222:a property of the site, see app.bicep
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      // Dataverse's webhook has no token; its function key guards this path.
      excludedPaths: [
        '/api/dataverse/events'
      ]
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: clientId
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
        }
        validation: {
          allowedAudiences: [
            'api://${clientId}'
          ]
        }
      }
    }
    httpSettings: {
      requireHttps: true
    }
  }
}
