metadata description = 'Key Vault for the secrets of Dataverse, 1C and SAP Business One. Their values are put in by hand, never by a template.'

param name string
param location string
param tags object

@description('true: reached through its private endpoint and from allowedAddresses only.')
param closed bool

@description('Disabled where not even allowedAddresses are let in.')
@allowed([
  'Enabled'
  'Disabled'
])
param publicAccess string

@description('Public addresses or ranges of administrators who put secrets in while the vault is closed.')
param allowedAddresses array

param workspaceId string

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  // checkov:skip=CKV_AZURE_109:denied where the network is closed; without a network identity alone lets in
  // checkov:skip=CKV_AZURE_189:disabled where the network is closed and no administrator's address is named
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: publicAccess
    networkAcls: {
      defaultAction: closed ? 'Deny' : 'Allow'
      bypass: 'None'
      ipRules: [for address in allowedAddresses: {
        value: address
      }]
    }
  }
}

resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'AuditEvent'
        enabled: true
      }
    ]
  }
}

output id string = vault.id
output name string = vault.name
output url string = 'https://${vault.name}${environment().suffixes.keyvaultDns}'
