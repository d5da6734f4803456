"""The sockets of the window, in threads of their own; what they say goes through one mailbox. No Qt."""
