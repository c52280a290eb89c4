// A plain fan-out on Pion: one publisher of sound and pictures, any number of receivers; spoken to as
// benchmarks/piped_engine.py says. With Debian's packages: GO111MODULE=off GOPATH=/usr/share/gocode go build
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"os"
	"sync"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v3"
)

type line struct {
	Do         string `json:"do,omitempty"`
	Room       string `json:"room"`
	Name       string `json:"name"`
	Number     int    `json:"number"`
	Connection string `json:"connection"`
	Sdp        string `json:"sdp"`
}

var (
	api       *webrtc.API
	lock      sync.Mutex
	tracks    []*webrtc.TrackLocalStaticRTP
	waiting   []line
	receivers = map[int]*webrtc.PeerConnection{}
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func newAPI(host string) *webrtc.API {
	codecs, interceptors, settings := &webrtc.MediaEngine{}, &interceptor.Registry{}, webrtc.SettingEngine{}
	must(codecs.RegisterDefaultCodecs())
	must(webrtc.RegisterDefaultInterceptors(codecs, interceptors))
	settings.SetLite(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.SetIPFilter(func(ip net.IP) bool { return ip.String() == host })
	return webrtc.NewAPI(
		webrtc.WithMediaEngine(codecs),
		webrtc.WithInterceptorRegistry(interceptors),
		webrtc.WithSettingEngine(settings),
	)
}

// describe sends our own description, with all its candidates.
func describe(connection *webrtc.PeerConnection, about line, which string, own webrtc.SessionDescription) {
	gathered := webrtc.GatheringCompletePromise(connection)
	must(connection.SetLocalDescription(own))
	<-gathered
	about.Do, about.Connection, about.Sdp = "", which, connection.LocalDescription().SDP
	text, err := json.Marshal(about)
	must(err)
	_, err = os.Stdout.Write(append(text, '\n'))
	must(err)
}

func publish(about line) {
	connection, err := api.NewPeerConnection(webrtc.Configuration{})
	must(err)
	connection.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		local, err := webrtc.NewTrackLocalStaticRTP(remote.Codec().RTPCodecCapability, remote.Kind().String(), "teacher")
		must(err)
		lock.Lock()
		tracks = append(tracks, local)
		for _, one := range waiting {
			subscribe(one)
		}
		lock.Unlock()
		packet := make([]byte, 1500)
		for {
			size, _, err := remote.Read(packet)
			if err != nil {
				return
			}
			if _, err = local.Write(packet[:size]); err != nil && !errors.Is(err, io.ErrClosedPipe) {
				log.Print(err)
			}
		}
	})
	must(connection.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: about.Sdp}))
	answer, err := connection.CreateAnswer(nil)
	must(err)
	describe(connection, about, "send", answer)
}

// subscribe offers the two tracks, once they are there; to be called with the lock.
func subscribe(about line) {
	if len(tracks) < 2 || receivers[about.Number] != nil {
		return
	}
	connection, err := api.NewPeerConnection(webrtc.Configuration{})
	must(err)
	receivers[about.Number] = connection
	for _, track := range tracks {
		sender, err := connection.AddTrack(track)
		must(err)
		go func() { // interceptors see what is read
			feedback := make([]byte, 1500)
			for {
				if _, _, err := sender.Read(feedback); err != nil {
					return
				}
			}
		}()
	}
	offer, err := connection.CreateOffer(nil)
	must(err)
	describe(connection, about, "receive", offer)
}

func main() {
	api = newAPI(os.Args[1])
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var about line
		must(json.Unmarshal(lines.Bytes(), &about))
		switch {
		case about.Do == "open" && about.Number != 0: // the publisher, number 0, receives nothing
			lock.Lock()
			waiting = append(waiting, about)
			subscribe(about)
			lock.Unlock()
		case about.Connection == "send":
			publish(about)
		case about.Connection == "receive":
			lock.Lock()
			connection := receivers[about.Number]
			lock.Unlock()
			must(connection.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: about.Sdp}))
		}
	}
}
