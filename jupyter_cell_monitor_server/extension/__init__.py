"""The relay in every user's Jupyter server: passes requests on to the service, keeps nothing."""
