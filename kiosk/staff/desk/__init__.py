"""The staff's side of the screen: what is shown and done between sign-in and sign-out.

It lies over the member's session (``kiosk.session``), which stays on its attract or out-of-service screen below. It
is a machine of its own, and pure like that one: ``machine.step(desk, events, here)`` gives the next desk and what is
to be done. How to read it:

``model.py``    what a desk is; ``Page``, what every page can do; ``Here``, what a page may know; ``Errand``
``turn.py``     one turn: go on, back, ask the record, send to the guard
``machine.py``  the order of things; idle sign-out
``flow.py``     which page may follow which
``views.py``    what the painters get (kiosk/screens/staff): a few kinds of view serve all pages
``tiles.py``    the menu: one line a tile
``clerk.py``    carries errands out, on the store's threads or one of its own; answers come back as events
the rest        one file a page, or a few that belong together, with their errands
"""
