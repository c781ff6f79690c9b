// A service behind Keycloak: which access tokens it takes, and what it answers to the others.
//
// The issuer and the address of the keys are two settings, because they are two things: the issuer is a name that is
// compared, the keys are fetched from wherever this process reaches Keycloak.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

// What the realm may sign with. Never taken from the token, and never HMAC: its secret would be our public key.
var algorithms = []string{"RS256", "PS256", "ES256"}

// claims are what this service reads of an access token of Keycloak.
type claims struct {
	jwt.RegisteredClaims
	Type           string `json:"typ"`
	Username       string `json:"preferred_username"`
	Client         string `json:"azp"`
	ResourceAccess map[string]struct {
		Roles []string `json:"roles"`
	} `json:"resource_access"`
}

// Validate is called by the parser once the signature and the registered claims hold.
func (c claims) Validate() error {
	if c.Type != "Bearer" { // Keycloak signs ID and logout tokens with the same keys
		return errors.New("not an access token")
	}
	if c.Subject == "" {
		return errors.New("no sub")
	}
	return nil
}

// caller is who calls, by a token that was checked.
type caller struct {
	Subject  string   `json:"subject"`
	Username string   `json:"username"`
	Client   string   `json:"client"`
	Roles    []string `json:"roles"`
}

// guard lets requests with a good token through.
type guard struct {
	audience string
	keys     jwt.Keyfunc
	parser   *jwt.Parser
}

func newGuard(ctx context.Context, issuer, jwksURL, audience string) (*guard, error) {
	failWithoutKeys := false
	keys, err := keyfunc.NewDefaultOverrideCtx(ctx, []string{jwksURL}, keyfunc.Override{
		HTTPTimeout:               5 * time.Second,
		NoErrorReturnFirstHTTPReq: &failWithoutKeys,
		RefreshInterval:           5 * time.Minute,
		// An unknown key id asks again, so that a rotation is noticed; but not as often as strangers make up ids.
		RefreshUnknownKID: rate.NewLimiter(rate.Every(30*time.Second), 1),
		RateLimitWaitMax:  5 * time.Second, // for the limit and that fetch together
	})
	if err != nil {
		return nil, fmt.Errorf("no keys from %s: %w", jwksURL, err)
	}
	return &guard{
		audience: audience,
		keys:     keys.Keyfunc,
		parser: jwt.NewParser(
			jwt.WithValidMethods(algorithms),
			jwt.WithIssuer(issuer),
			jwt.WithAudience(audience),
			jwt.WithExpirationRequired(),
			jwt.WithLeeway(5*time.Second),
		),
	}, nil
}

// anyone answers 401 by RFC 6750 §3 unless the request has a good token.
func (g *guard) anyone(next func(http.ResponseWriter, caller)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || token == "" {
			refuse(w, http.StatusUnauthorized, "", "An access token is needed")
			return
		}
		var c claims
		if _, err := g.parser.ParseWithClaims(token, &c, g.keys); err != nil {
			log.Printf("token refused: %q", err) // why is for the log; %q keeps what came from the token on one line
			refuse(w, http.StatusUnauthorized, "invalid_token", "The access token is not valid here")
			return
		}
		roles := append([]string{}, c.ResourceAccess[g.audience].Roles...)
		next(w, caller{Subject: c.Subject, Username: c.Username, Client: c.Client, Roles: roles})
	}
}

// withRole answers 403 besides, unless the caller has this role of the service's client.
func (g *guard) withRole(role string, next func(http.ResponseWriter, caller)) http.HandlerFunc {
	return g.anyone(func(w http.ResponseWriter, known caller) {
		if !slices.Contains(known.Roles, role) {
			refuse(w, http.StatusForbidden, "insufficient_scope", "The role "+role+" is needed")
			return
		}
		next(w, known)
	})
}

// refuse says no. Without credentials there is no error code: nothing was wrong yet.
func refuse(w http.ResponseWriter, status int, code, description string) {
	challenge := `Bearer realm="orders"`
	if code != "" {
		challenge += fmt.Sprintf(`, error=%q, error_description=%q`, code, description)
	}
	w.Header().Set("WWW-Authenticate", challenge)
	answer(w, status, map[string]string{"detail": description})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		log.Printf("answer not sent: %v", err)
	}
}

// setting ends the program where one is missing; an empty one is missing, for the parser would skip its check.
func setting(name string) string {
	value := os.Getenv(name)
	if value == "" {
		log.Fatalf("%s is not set", name)
	}
	return value
}

func main() {
	// Compared with iss, character by character. Keycloak writes its own host name there (KC_HOSTNAME), whichever
	// alias people logged in by, so it is never derived from a domain, nor from the address of the keys.
	issuer := setting("KEYCLOAK_ISSUER")
	// Where the keys are fetched, such as Keycloak's service inside the cluster. The other way round, a default is safe.
	jwksURL := cmp.Or(os.Getenv("KEYCLOAK_JWKS_URL"), issuer+"/protocol/openid-connect/certs")
	// This service's name in aud. A token for another service is refused, however good it is.
	audience := setting("EXPECTED_AUDIENCE")

	guard, err := newGuard(context.Background(), issuer, jwksURL, audience)
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("GET /me", guard.anyone(func(w http.ResponseWriter, known caller) {
		answer(w, http.StatusOK, known)
	}))
	http.HandleFunc("GET /orders", guard.withRole("reader", func(w http.ResponseWriter, known caller) {
		answer(w, http.StatusOK, map[string]any{"for": known.Subject, "orders": []string{}})
	}))
	server := &http.Server{
		Addr:              cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:8000"),
		ReadHeaderTimeout: 5 * time.Second,
	}
	log.Printf("listening on %s", server.Addr)
	log.Fatal(server.ListenAndServe())
}
