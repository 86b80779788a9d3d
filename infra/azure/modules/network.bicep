metadata description = 'A virtual network: the way to an accounting system on premises, and private endpoints.'

param name string
param location string
param tags object

@description('addressPrefix, appPrefix, endpointsPrefix, dnsServers, hubId.')
param settings object

resource rules 'Microsoft.Network/networkSecurityGroups@2024-05-01' = {
  name: 'nsg-${name}'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'DenyInternetInbound'
        properties: {
          description: 'Nothing outside the network has business in it; the app is reached by its own address.'
          priority: 1000
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [
        settings.addressPrefix
      ]
    }
    // Empty: Azure's own. A company that names its accounting server on its own DNS puts that DNS here.
    dhcpOptions: {
      dnsServers: settings.dnsServers
    }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: settings.appPrefix
          networkSecurityGroup: {
            id: rules.id
          }
          delegations: [
            {
              name: 'flex-consumption'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: settings.endpointsPrefix
          networkSecurityGroup: {
            id: rules.id
          }
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
    ]
  }
}

// The hub's side of the peering, and its VPN or ExpressRoute gateway, belong to whoever owns the hub.
resource toHub 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings@2024-05-01' = if (!empty(settings.hubId)) {
  parent: network
  name: 'to-hub'
  properties: {
    remoteVirtualNetwork: {
      id: settings.hubId
    }
    allowVirtualNetworkAccess: true
    allowForwardedTraffic: true
    allowGatewayTransit: false
    useRemoteGateways: true
  }
}

output id string = network.id
output appSubnetId string = '${network.id}/subnets/app'
output endpointsSubnetId string = '${network.id}/subnets/endpoints'
