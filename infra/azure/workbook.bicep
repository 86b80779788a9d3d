metadata description = 'The workbook “Bridge” beside Application Insights; its content is made of queries/ by workbook.py.'

@description('The Application Insights resource that the queries ask.')
param insightsId string
param location string
param tags object

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'bridge')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Bridge: Dynamics 365 to accounting'
    category: 'workbook'
    sourceId: insightsId
    serializedData: loadTextContent('workbook.json')
  }
}
