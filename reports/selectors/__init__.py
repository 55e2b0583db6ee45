"""What leaders read: every read starts from the viewer's scope."""
