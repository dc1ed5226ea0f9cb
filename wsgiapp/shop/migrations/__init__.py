"""The versions of the shop's schema, one module each, run in their order by ``wsgiapp.shop.schema``.

A version that was released is never changed: a later one mends it.
"""
