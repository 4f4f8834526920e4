"""A whole store on this machine in real time: the real nodes on simulated chips, turnstiles and ttys."""
