"""Figures for operators: what is counted where things happen, and the forms it is handed on in.

sketch.py      how many distinct ones there were, in a few bytes
families.py    what was measured, as the parts of Prometheus's text
process.py     what this process uses of the machine

Small and early: the server process imports it, which stays without everything else.
"""
