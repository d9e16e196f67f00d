"""Doing it: the steps of a plan performed under a lock, each result written down at once.

How something is read belongs to :mod:`acmewrap.state`, why it is done to :mod:`acmewrap.plan`, and how it is worded to
:mod:`acmewrap.report`.
"""
