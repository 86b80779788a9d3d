"""What would be deployed to Azure agrees with the code. Nothing is deployed."""
