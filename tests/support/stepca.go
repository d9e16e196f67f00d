// The engine of step-ca as Debian packages it (golang-github-smallstep-certificates-dev), started on a configuration.
package main

import (
	"log"
	"os"

	"github.com/smallstep/certificates/authority/config"
	"github.com/smallstep/certificates/ca"
	_ "github.com/smallstep/certificates/cas/softcas"
)

func main() {
	settings, err := config.LoadConfiguration(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	server, err := ca.New(settings, ca.WithConfigFile(os.Args[1]))
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(server.Run())
}
