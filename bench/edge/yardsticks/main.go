// Yardsticks: an authorizer that allows everything and looks at nothing, over HTTP and over gRPC; and one over HTTP that
// checks the signature and the claims of each token with golang-jwt, and no revocation.
package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"strings"

	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/golang-jwt/jwt/v5"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
)

type trivial struct{ auth.UnimplementedAuthorizationServer }

func (trivial) Check(context.Context, *auth.CheckRequest) (*auth.CheckResponse, error) {
	return &auth.CheckResponse{
		Status:       &status.Status{Code: 0},
		HttpResponse: &auth.CheckResponse_OkResponse{OkResponse: &auth.OkHttpResponse{}},
	}, nil
}

// main takes the ports of the three, the key as PEM, and the issuer.
func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[2])
	if err != nil {
		panic(err)
	}
	server := grpc.NewServer()
	auth.RegisterAuthorizationServer(server, trivial{})
	go server.Serve(listener)
	if len(os.Args) > 5 {
		key, err := jwt.ParseRSAPublicKeyFromPEM([]byte(os.Args[4]))
		if err != nil {
			panic(err)
		}
		parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(os.Args[5]), jwt.WithAudience("volundr-api"))
		find := func(*jwt.Token) (any, error) { return key, nil }
		go http.ListenAndServe("127.0.0.1:"+os.Args[3], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			claims := jwt.MapClaims{}
			_, err := parser.ParseWithClaims(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), claims, find)
			if err != nil {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			subject, _ := claims.GetSubject()
			w.Header().Set("x-keyturn-user", subject)
			w.WriteHeader(http.StatusOK)
		}))
	}
	http.ListenAndServe("127.0.0.1:"+os.Args[1], http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
	}))
}
