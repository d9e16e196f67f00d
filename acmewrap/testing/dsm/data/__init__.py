"""What is known of real DSMs, as data with the source of each: presets of versions, bodies of calls, what is on a NAS.

Sources are named as in docs/dsm.md; what nobody recorded reads ``constructed``.
"""
