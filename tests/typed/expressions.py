"""What users type against: a program that makes the objects, and the expressions whose types are asked for.

``test_reveal.py`` wraps each line of :data:`EXPRESSIONS` into ``reveal_type``.
"""

from __future__ import annotations

PREAMBLE = """\
import flask, flask.json, flask.sessions, flask.views, flask.json.provider, flask.cli, flask.ctx
import flask.globals, flask.signals, flask.testing, flask.config, flask.templating, flask.blueprints
from flask import Flask, Blueprint, Request, Response
from flask.json.tag import TaggedJSONSerializer

app = Flask("a")
bp = Blueprint("b", "b")
ctx = app.app_context()
rctx = app.test_request_context()
client = app.test_client()
runner = app.test_cli_runner()
interface = flask.sessions.SecureCookieSessionInterface()
request = Request({})
response = Response()
provider = flask.json.provider.DefaultJSONProvider(app)
tagged = TaggedJSONSerializer()

def view() -> str: return ""
def hook() -> None: ...
def after(response: Response) -> Response: return response
def teardown(error: BaseException | None) -> None: ...
def handler(error: Exception) -> str: return ""
def text(value: str) -> str: return value
def odd(value: int) -> bool: return True
def names() -> dict[str, int]: return {}
class Item(flask.views.MethodView): ...

"""

# By topic; one expression a line.
EXPRESSIONS = """\
app.name
app.import_name
app.config
app.config["X"]
app.logger
app.url_map
app.json
app.debug
app.testing
app.secret_key
app.permanent_session_lifetime
app.session_interface
app.jinja_env
app.jinja_env.filters
app.jinja_options
app.jinja_loader
app.extensions
app.blueprints
app.view_functions
app.error_handler_spec
app.before_request_funcs
app.after_request_funcs
app.teardown_request_funcs
app.teardown_appcontext_funcs
app.template_context_processors
app.url_value_preprocessors
app.url_default_functions
app.url_build_error_handlers
app.shell_context_processors
app.aborter
app.cli
app.static_folder
app.static_url_path
app.has_static_folder
app.template_folder
app.root_path
app.instance_path
app.subdomain_matching
app.request_class
app.response_class
app.url_rule_class
app.url_map_class
app.config_class
app.json_provider_class
app.jinja_environment
app.test_client_class
app.test_cli_runner_class
app.app_ctx_globals_class
app.default_config
app.aborter_class
app.add_url_rule
app.iter_blueprints()
app.make_config()
app.make_aborter()
app.make_response("")
app.make_default_options_response()
app.make_shell_context()
app.create_jinja_environment()
app.create_global_jinja_loader()
app.create_url_adapter(None)
app.select_jinja_autoescape("a.html")
app.auto_find_instance_path()
app.open_resource("a")
app.open_instance_resource("a")
app.send_static_file("a")
app.get_send_file_max_age("a")
app.url_for("a")
app.redirect("a")
app.inject_url_defaults("a", {})
app.handle_url_build_error
app.ensure_sync(view)
app.async_to_sync
app.full_dispatch_request()
app.dispatch_request()
app.preprocess_request()
app.process_response(response)
app.finalize_request("")
app.handle_exception(Exception())
app.handle_user_exception(Exception())
app.handle_http_exception
app.log_exception
app.trap_http_exception(Exception())
app.should_ignore_error(None)
app.do_teardown_request()
app.do_teardown_appcontext()
app.update_template_context({})
app.wsgi_app
app.run
app.register_blueprint(bp)
app.register_error_handler(404, handler)
app.route("/")(view)
app.get("/")(view)
app.post("/")(view)
app.endpoint("a")(view)
app.before_request(hook)
app.after_request(after)
app.teardown_request(teardown)
app.teardown_appcontext(teardown)
app.context_processor(names)
app.shell_context_processor(names)
app.errorhandler(404)(handler)
app.template_filter()(text)
app.template_filter("x")(text)
app.template_test()(odd)
app.template_global()(text)
app.add_template_filter(text)
app.url_value_preprocessor
app.url_defaults
bp.name
bp.url_prefix
bp.subdomain
bp.cli_group
bp.cli
bp.deferred_functions
bp.url_values_defaults
bp.get("/")(view)
bp.before_request(hook)
bp.before_app_request(hook)
bp.after_app_request(after)
bp.teardown_app_request(teardown)
bp.app_context_processor(names)
bp.app_errorhandler(404)(handler)
bp.app_template_filter()(text)
bp.app_template_test()(odd)
bp.app_template_global()(text)
bp.app_url_defaults
bp.make_setup_state
bp.record
bp.register
bp.add_url_rule
ctx.app
ctx.app.name
ctx.app.config
ctx.app.logger
ctx.app.extensions
ctx.g
ctx.url_adapter
ctx.push()
ctx.pop()
ctx.__enter__()
rctx.app
rctx.request
rctx.request.args
rctx.request.url_rule
rctx.request.view_args
rctx.request.blueprint
rctx.session
rctx.session["a"]
rctx.session.permanent
rctx.url_adapter
rctx.flashes
rctx.copy()
rctx.match_request()
request.method
request.path
request.full_path
request.url
request.host
request.scheme
request.root_path
request.query_string
request.args
request.args["a"]
request.form
request.files
request.values
request.json
request.get_json()
request.get_data()
request.data
request.headers
request.cookies
request.stream
request.mimetype
request.remote_addr
request.authorization
request.accept_mimetypes
request.endpoint
request.blueprint
request.blueprints
request.url_rule
request.view_args
request.routing_exception
request.max_content_length
request.max_form_memory_size
request.max_form_parts
request.json_module
request.is_json
request.environ
request.user_agent
request.on_json_loading_failed(None)
response.status
response.status_code
response.headers
response.data
response.json
response.get_json()
response.mimetype
response.content_type
response.cache_control
response.set_cookie
response.set_cookie("a", "b")
response.delete_cookie
response.max_cookie_size
response.autocorrect_location_header
response.default_mimetype
response.json_module
response.response
response.vary
Response.force_type(response)
flask.current_app
flask.g
flask.g.x
flask.g.get("x")
flask.g.pop("x")
flask.g.setdefault("x")
flask.request
flask.session
flask.session["x"]
flask.session.get("x")
flask.session.permanent
flask.session.modified
flask.session.new
flask.globals.app_ctx
flask.globals.request_ctx
flask.url_for("a")
flask.redirect("a")
flask.make_response("a")
flask.jsonify(1)
flask.flash("a")
flask.get_flashed_messages()
flask.render_template("a")
flask.render_template_string("a")
flask.stream_template("a")
flask.stream_template_string("a")
flask.send_file("a")
flask.send_from_directory("a", "b")
flask.send_file
flask.send_from_directory
flask.stream_with_context(iter(["a"]))
flask.after_this_request(after)
flask.copy_current_request_context(view)
flask.has_request_context()
flask.has_app_context()
flask.get_template_attribute("a", "b")
flask.json.dumps(1)
flask.json.loads("1")
flask.json.dump
flask.json.load
flask.json.jsonify(1)
provider.dumps(1)
provider.loads("1")
provider.response(1)
provider.default
provider.compact
provider.mimetype
flask.config.Config("a")
app.config.from_mapping({})
app.config.from_object("a")
app.config.from_pyfile("a")
app.config.from_envvar("a")
app.config.from_prefixed_env()
app.config.from_file
app.config.get_namespace("A_")
app.config.root_path
interface.open_session
interface.open_session(app, request)
interface.save_session
interface.get_cookie_name(app)
interface.get_cookie_domain(app)
interface.get_cookie_path(app)
interface.get_expiration_time
interface.should_set_cookie
interface.get_signing_serializer(app)
interface.make_null_session(app)
interface.is_null_session(1)
interface.session_class
interface.null_session_class
interface.serializer
client.get("/")
client.post("/").json
client.open("/")
client.session_transaction()
client.application
client.environ_base
client.preserve_context
client.__enter__()
runner.app
runner.invoke()
flask.testing.EnvironBuilder(app).app
flask.views.View.as_view("a")
Item.as_view("a")
Item().dispatch_request()
Item.methods
Item.decorators
Item.init_every_request
Item.provide_automatic_options
flask.views.http_method_funcs
flask.cli.with_appcontext(view)
flask.cli.AppGroup()
flask.cli.ScriptInfo().load_app()
flask.template_rendered
flask.request_started
flask.signals.got_request_exception
tagged.dumps(1)
tagged.loads("1")
tagged.register
tagged.order
tagged.tags
flask.blueprints.BlueprintSetupState(bp, app, {}, True).app
flask.blueprints.BlueprintSetupState(bp, app, {}, True).options
""".splitlines()
