"""The gateways: OpenSIPS in front of the nodes, its tables and who keeps them true."""
