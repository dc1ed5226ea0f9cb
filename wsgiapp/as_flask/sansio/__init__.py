"""``flask.sansio``: the modules that Flask has under this name, for classes that do not depend on WSGI."""
