"""A relay of our own: ICE-lite, DTLS-SRTP and forwarding of RTP on one UDP port."""
