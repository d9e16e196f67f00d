"""What is to be done: the state compared with the configuration, as steps with their reasons.

Pure functions of their arguments, the time included; nothing here opens a file or a connection.
"""
