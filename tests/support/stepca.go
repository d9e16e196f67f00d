// The engine of step-ca as Debian packages it (golang-github-smallstep-certificates-dev), started on a configuration. It asks the
// name server at $DNS_SERVER.
//
//	step-ca ca.json          serves
//	step-ca ca.json FILE     writes a new key for external account bindings into FILE: id and HMAC key, in two lines
package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"log"
	"net"
	"os"
	"time"

	"github.com/smallstep/certificates/authority/config"
	"github.com/smallstep/certificates/ca"
	_ "github.com/smallstep/certificates/cas/softcas"
	"github.com/smallstep/certificates/db"
	"github.com/smallstep/nosql"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	settings := must(config.LoadConfiguration(os.Args[1]))
	if len(os.Args) > 2 {
		// As CreateExternalAccountKey of acme/db/nosql has it, which refuses a provisioner of ca.json, for that has no id.
		database, id, secret := must(db.New(settings.DB)), "binding-1", make([]byte, 32)
		must(rand.Read(secret))
		row := must(json.Marshal(struct { // in the order of its own, for it compares the text before it changes it
			ID            string    `json:"id"`
			ProvisionerID string    `json:"provisionerID"`
			Reference     string    `json:"reference"`
			KeyBytes      []byte    `json:"key"`
			CreatedAt     time.Time `json:"createdAt"`
			BoundAt       time.Time `json:"boundAt"`
		}{ID: id, KeyBytes: secret, CreatedAt: time.Now().UTC()}))
		table := []byte("acme_external_account_keys")
		must(0, database.(nosql.DB).CreateTable(table))
		must(0, database.(nosql.DB).Set(table, []byte(id), row))
		must(0, os.WriteFile(os.Args[2], []byte(id+"\n"+base64.RawURLEncoding.EncodeToString(secret)+"\n"), 0o600))
		must(0, database.Shutdown())
		return
	}
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, os.Getenv("DNS_SERVER"))
	}}
	log.Fatal(must(ca.New(settings, ca.WithConfigFile(os.Args[1]))).Run())
}
