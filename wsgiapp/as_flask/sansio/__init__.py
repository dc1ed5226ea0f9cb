"""``flask.sansio``: the layers below an app that do without WSGI, under the names that Flask has them by."""
