-- expect: statement-not-allowed
; ; drop table deployments
