"""Pages for the administrator: plain HTML made on the server, without a script, in Russian or English."""
