"""DOIs at DataCite: made, kept up to date and hidden as the log says, whatever fails on the way.

    log ──follow──▶ outbox (minting.sqlite) ──PUT──▶ DataCite ──▶ outbox ──PidConfirmed──▶ log
       wanted                      due, within the limits        sent          confirmed

`wanted` says which DOIs an object should have and what they show, `store` remembers what is
wanted, sent and confirmed, `pace` keeps within DataCite's limits, `client` speaks to DataCite,
`answers` says what that met, `minter` does the steps, `asking` records that somebody wants the
DOI of one version. No failure in here is ever seen by whoever writes to the log.
"""
