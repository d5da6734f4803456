"""Moving files and folders between two machines: a sender and a receiver, over anything that carries packets.

Neither trusts the other. `names` says where a name that came from the other side lands, `folders` opens
that place without following links, `ground` keeps to the roots. `sending` and `receiving` are the two
machines; the records they exchange are in `records`, and `pump` runs one of them over a connection. Client
and host share all of it.
"""
