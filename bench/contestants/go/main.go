// The contestant "go": httputil.ReverseProxy as its documentation has it, with as many idle connections as there are
// clients (the default of two would open a new one for almost every request).
package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
)

func main() {
	listen := flag.String("listen", "", "host:port")
	upstream := flag.String("upstream", "", "the origin to forward to")
	token := flag.String("token", "", "the session to inject")
	caFile := flag.String("ca", "", "the authority to trust")
	flag.Parse()

	target, err := url.Parse(*upstream)
	if err != nil {
		log.Fatal(err)
	}
	pem, err := os.ReadFile(*caFile)
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)

	proxy := httputil.NewSingleHostReverseProxy(target)
	forward := proxy.Director
	proxy.Director = func(request *http.Request) {
		forward(request)
		request.Host = target.Host
		request.Header.Set("Authorization", "Bearer "+*token)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	transport.ForceAttemptHTTP2 = false
	transport.MaxIdleConns = 0
	transport.MaxIdleConnsPerHost = 256
	proxy.Transport = transport
	log.Fatal(http.ListenAndServe(*listen, proxy))
}
