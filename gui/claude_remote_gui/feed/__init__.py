"""What a window knows of a server: feed messages in, a frozen picture out. No Qt, no sockets, no clock."""
