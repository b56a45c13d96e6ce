"""The Python that runs inside the sandbox, as the package ``attache``.

main.py boots it, channel.py speaks with the host, cell.py runs one piece of
code in session.py's namespace. Nothing in here is a protection: code of the
user runs in the same process and may change all of it. What protects is
around the process.
"""
