"""Step 13: Blueprints, the extension protocol, and a database.

What Flask shows you: ``Blueprint("auth", __name__, url_prefix="/auth")``, ``app.register_blueprint(bp)``, and
``db.init_app(app)``.

What is underneath: a blueprint is a list of things to do later. ``@bp.route`` cannot add a rule, because there is no
app yet. So it notes what to do, and ``register_blueprint`` does it, with the blueprint's name before each endpoint and
its prefix before each URL. An extension (a database, the validation of forms, a login) is a package that knows the
framework. Flask asks one thing of it: a method ``init_app(app)``, which registers hooks and keeps its state in
``app.extensions``. So one extension can serve several apps.

What is new in this step: an app has a name. With it, the app finds its own folder, and there the templates, the static
files and the settings. The guestbook becomes a blueprint at ``/book/``, and its entries are in a database, SQLite. They
are still there when the server starts again. A value never becomes part of an SQL text: it takes the place of a ``?``.
Otherwise a visitor could write SQL, which is called SQL injection. The pages of steps 4 and 6 still show the list in
memory.

Try this::

    curl -i http://127.0.0.1:8000/
    # 308: Location: /book/
    curl -i -d "name=Bobby" -d "text='); DROP TABLE entry; --" http://127.0.0.1:8000/book/sign
    # 303: Location: /book/
    curl http://127.0.0.1:8000/book/
    # 200: <b>Bobby</b>: &#39;); DROP TABLE entry; --

Then stop the server, start it, and look again.

Share of the list in ladder/README.md that runs at this step: 49 %.
"""

# From the steps before: form, partialmethod, redirect (5); Environment, FileSystemLoader, Path, autoescape, environment
# (7); known, remember (10); current_app, g, request, url_for (11); App, Hooks, pages, template_rendered (12).

import sqlite3
import sys

import werkzeug.utils
from step_12 import *


def render_template(template, /, **values):
    """The page that a template of the app of the moment makes of *values*."""
    template = current_app.jinja_env.get_template(template)
    page = template.render(**values)
    template_rendered.send(current_app._get_current_object(), template=template, context=values)
    return page


class Config(dict):
    """The settings of an app: those whose names are in capital letters."""

    def from_mapping(self, mapping=(), **values):
        """Take the settings from a dictionary, or from keywords."""
        self.update({key: value for key, value in dict(mapping, **values).items() if key.isupper()})

    def from_pyfile(self, filename, silent=False):
        """Run a file of Python code, and take the settings from its variables."""
        path, variables = Path(self["ROOT"], filename), {}
        if path.exists() or not silent:
            exec(compile(path.read_bytes(), path, "exec"), variables)
            self.from_mapping(variables)


class App(App):
    """An app with a name, a folder, and blueprints. Its *import_name* is the module's ``__name__``."""

    def __init__(self, import_name, instance_relative_config=False):
        super().__init__()
        file = Path(getattr(sys.modules.get(import_name), "__file__", None) or "app.py").resolve()
        self.name, self.root_path, self.extensions, self.blueprints = import_name, str(file.parent), {}, {}
        self.instance_path = str((file.parent.parent if file.name == "__init__.py" else file.parent) / "instance")
        self.config = Config(self.config, ROOT=self.instance_path if instance_relative_config else self.root_path)
        self.jinja_env = Environment(loader=FileSystemLoader(file.parent / "templates"), autoescape=autoescape)
        self.jinja_env.globals.update(environment.globals, config=self.config)
        self.add_url_rule("/static/<path:filename>", "static", self.send_static_file)

    def send_static_file(self, filename):
        """A file of the folder ``static``, and of no other folder."""
        return werkzeug.utils.send_from_directory(Path(self.root_path, "static"), filename, request.environ)

    def open_resource(self, resource, mode="rb"):
        """Open a file that lies in the app's folder."""
        return Path(self.root_path, resource).open(mode)

    def register_blueprint(self, blueprint, url_prefix=None):
        """Do what *blueprint* has noted."""
        self.blueprints[blueprint.name] = blueprint
        for rule, endpoint, view, options in blueprint.rules:
            self.add_url_rule((url_prefix or blueprint.url_prefix) + rule, endpoint, view, **options)
        for kind in ("before", "after"):
            self.hooks[kind] += blueprint.hooks[f"{kind} app"]

    def owners(self, request):
        """Whose hooks this request meets: the app's, and those of the blueprint whose view it calls."""
        return [self, self.blueprints[request.blueprint]] if request and request.blueprint else [self]


class Blueprint(Hooks):
    """Rules and hooks that are noted now, and used when an app registers the blueprint."""

    before_app_request, after_app_request = partialmethod(Hooks.on, "before app"), partialmethod(Hooks.on, "after app")
    route, get, post, put, patch, delete = App.route, App.get, App.post, App.put, App.patch, App.delete

    def __init__(self, name, import_name, url_prefix=""):
        super().__init__()
        self.name, self.import_name, self.url_prefix, self.rules = name, import_name, url_prefix, []

    def add_url_rule(self, rule, endpoint=None, view_func=None, **options):
        """Note a rule and its view."""
        self.rules.append((rule, f"{self.name}.{endpoint or view_func.__name__}", view_func, options))


class Database:
    """An extension: SQLite, with one connection for each context."""

    def init_app(self, app):
        """Prepare *app* for a database in the file that its setting ``DATABASE`` names."""
        app.config.setdefault("DATABASE", str(Path(app.root_path, "guestbook.sqlite")))
        app.extensions["database"] = self
        app.teardown_appcontext(self.close)

    def execute(self, sql, *values):
        """Run one statement of SQL, in which each ``?`` stands for one of *values*."""
        if "connection" not in g:
            g.connection = sqlite3.connect(current_app.config["DATABASE"], isolation_level=None)
            g.connection.row_factory = sqlite3.Row
            g.connection.execute("CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, name TEXT, text TEXT)")
        return g.connection.execute(sql, values)

    def close(self, error):
        """Close the connection if there is one."""
        if "connection" in g:
            g.pop("connection").close()


database = Database()
book = Blueprint("book", __name__, url_prefix="/book")
INSERT = "INSERT INTO entry (name, text) VALUES (?, ?)"


@book.route("/")
def index():
    rows = database.execute("SELECT * FROM entry WHERE instr(text, ?)", request.args.get("word", ""))
    return render_template("index.html", entries=rows, **known(request))


@book.route("/sign", methods=["GET", "POST"])
def sign():
    if request.method == "GET":
        return render_template("sign.html", **known(request))
    entry = form(request)
    database.execute(INSERT, entry["name"], entry["text"])
    remember(request, None, entry["name"])
    return redirect(url_for("book.index"), 303)


def book_pages(app):
    """The pages of before; those for reading and signing have moved to the blueprint."""
    app.register_blueprint(book)
    database.init_app(app)
    for endpoint in ("index", "sign"):
        app.view_functions[endpoint] = lambda new=f"book.{endpoint}": redirect(url_for(new, **request.args), 308)


pages = [*pages, book_pages]

if __name__ == "__main__":
    App(__name__).run(pages)
