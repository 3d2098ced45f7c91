"""Ways to services that know nothing of our queue: RabbitMQ as DiSSCo uses it, and plain HTTP.

A job goes out and an answer comes back; the log is told by `handlers.mas.results` and by nobody
else. `reading` understands what services say, `rabbitmq` sends and `listening` receives over AMQP,
`outbox` keeps what goes over HTTP, `calling` sends it, `tickets` tell who may answer for which
job, and `environment` is what a service for DiSSCo is started with.
"""

RUNNING = "/api/mjr/v1"
"""Where services of the contract say that they begin."""
