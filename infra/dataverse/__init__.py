"""What the bridge needs in a Dataverse environment, and the set-up that puts it there."""
